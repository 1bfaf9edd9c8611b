SUMMARY = "A script that needs another recipe's program at run time"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://shell-report file://Makefile file://container.yaml"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

inherit allarch

do_install() {
    oe_runmake install DESTDIR=${D} prefix=${prefix}
}

# a script has no libraries that would tell: it says what it runs, and who brings its shell
RDEPENDS:${PN} = "greet busybox"
