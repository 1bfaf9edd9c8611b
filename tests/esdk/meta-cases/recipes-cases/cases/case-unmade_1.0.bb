require case.inc
RDEPENDS:${PN} = "case-empty"
