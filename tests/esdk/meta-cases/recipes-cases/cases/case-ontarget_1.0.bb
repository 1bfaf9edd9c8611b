require case.inc
pkg_postinst_ontarget:${PN}() {
    echo board
}
