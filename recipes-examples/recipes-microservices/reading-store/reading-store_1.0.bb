SUMMARY = "Stores the readings of an MQTT broker, and tells them over HTTP"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

DEPENDS = "libreading"
SRC_URI = "file://reading-store.c file://Makefile file://container.yaml"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_install() {
    oe_runmake install DESTDIR=${D} prefix=${prefix}
}
