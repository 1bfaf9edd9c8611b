require case.inc
inherit useradd
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "-r -g 870 casers"
USERADD_PARAM:${PN} = "-r -u 871 -g casers -d /var/lib/case -s /sbin/nologin caser"
OCI_IMAGE_ENTRYPOINT = "/usr/bin/case-service"
OCI_IMAGE_ENTRYPOINT_ARGS = "--from recipe"
OCI_IMAGE_ENV_VARS = "FROM=recipe LEFT=alone"
OCI_IMAGE_WORKINGDIR = "/tmp"
OCI_IMAGE_TAG = "1.0"
do_install:append() {
    install -d -m 0750 -o caser -g casers ${D}${localstatedir}/lib/case
    install -m 0640 -o caser -g casers case.conf ${D}${localstatedir}/lib/case/case.conf
    install -m 4755 case.sh ${D}${bindir}/case-suid
}
pkg_postinst:${PN}() {
    cp -p $D${localstatedir}/lib/case/case.conf $D${sysconfdir}/case.made
}
