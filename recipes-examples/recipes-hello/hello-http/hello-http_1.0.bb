SUMMARY = "A small HTTP service with a health check and a configuration file"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://hello-http.c file://hello-http.conf file://Makefile file://container.yaml"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_install() {
    oe_runmake install DESTDIR=${D} prefix=${prefix} sysconfdir=${sysconfdir}
}

CONFFILES:${PN} = "${sysconfdir}/hello-http.conf"
