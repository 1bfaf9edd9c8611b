SUMMARY = "An MQTT broker out of a package feed"
DESCRIPTION = "Has no files of its own: container.yaml names the packages, which a feed has to have. In OpenEmbedded \
mosquitto is in meta-oe."
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://container.yaml"
# UNPACKDIR came with styhead
S = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

ALLOW_EMPTY:${PN} = "1"
