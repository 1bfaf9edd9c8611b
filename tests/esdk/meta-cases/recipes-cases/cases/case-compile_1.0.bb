require case.inc
do_compile[noexec] = "0"
do_compile() {
    sh -n case.sh
    [ ! -e sleep ] || { touch ${T}/sleeping; sleep 60; }
}
