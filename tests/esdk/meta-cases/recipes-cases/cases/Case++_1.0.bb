require case.inc
INSANE_SKIP:${PN} = "uppercase-pn"
