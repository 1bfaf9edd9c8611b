require case.inc
INSANE_SKIP:${PN} = "usrmerge"
FILES:${PN} += "/lib"
do_install:append() {
    install -D -m 0644 case.conf ${D}/lib/case/case.conf
}
