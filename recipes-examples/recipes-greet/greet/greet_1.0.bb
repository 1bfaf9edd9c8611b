SUMMARY = "A C program with a shared library of its own"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://greet.c file://greeting.c file://greeting.h file://Makefile file://container.yaml"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_install() {
    oe_runmake install DESTDIR=${D} prefix=${prefix} libdir=${libdir}
}

# the package manager will call it libgreeting1, and greet will depend on it: nobody has to say so
PACKAGES =+ "libgreeting"
FILES:libgreeting = "${libdir}/libgreeting.so.*"
