require case.inc
do_install:append() {
    [ ! -e ${S}/sleep ] || { touch ${T}/sleeping; sleep 60; }
}
