require case.inc
FILES:${PN} = ""
FILES:${PN}-dev = "${bindir}"
