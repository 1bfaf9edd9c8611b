require case.inc
RDEPENDS:${PN} = "case-middle"
