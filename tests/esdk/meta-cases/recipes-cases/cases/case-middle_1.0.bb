require case.inc
RDEPENDS:${PN} = "case-bottom"
