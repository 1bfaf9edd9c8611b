require case.inc
RDEPENDS:${PN} = "no-such-package"
