SUMMARY = "What the services of the reading example share: MQTT and HTTP in a few hundred lines"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://mqtt.c file://mqtt.h file://http.c file://http.h file://net.c file://net.h file://Makefile"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_install() {
    oe_runmake install DESTDIR=${D} prefix=${prefix} libdir=${libdir} includedir=${includedir}
}

# it is linked statically: there is no package of its own that others would need at run time
RDEPENDS:${PN}-dev = ""
