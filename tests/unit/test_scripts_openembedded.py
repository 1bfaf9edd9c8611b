"""Scripts of OpenEmbedded's packages, as its classes and recipes write them."""

# ruff: noqa: E501  shell text is read best in one line

from __future__ import annotations

import subprocess

import pytest

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts import run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import Shell

MDNS = r"""
		/^hosts:/ !b
		/\<mdns\(4\|6\)\?\(_minimal\)\?\>/ b
		s/\([[:blank:]]\+\)dns\>/\1mdns4_minimal [NOTFOUND=return] dns/g
		"""
SED = [
    f"'{MDNS}'",
    r"-e '/^hosts:/s/\s*\<myhostname\>//' -e 's/\(^hosts:.*\)\(\<files\>\)\(.*\)\(\<dns\>\)\(.*\)/\1\2 myhostname \3\4\5/'",
    r"-e 's#\(^passwd:.*\)#\1 systemd#'",
    "-n '/^hosts/b;p'",
    "-E 's/\\<(fi)les/\\1/;/hosts/ b; s/ /_/'",
]
NSSWITCH = "passwd:\tfiles\nhosts: files  dns\nhosts: mdns4 dns\nnodns: dnsfiles dns\n"


@pytest.fixture
def root() -> Root:
    made = Root()
    made.write("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    made.write("etc/group", b"root:x:0:\n")
    made.write("usr/bin/systemctl", b"\x7fELF", 0o755)
    return made


def follow(root: Root, text: str) -> None:
    run.follow(root, "app", "core2-64", "postinst", text, "configure", "")


def links(root: Root) -> dict[str, str]:
    found = {path: entry.link for path, entry in root.made.entries.items() if entry.kind == SYMLINK}
    return {path.removeprefix("etc/systemd/"): link for path, link in found.items()}


@pytest.mark.parametrize("words", SED)
def test_sed_of_name_services_is_sed(words: str) -> None:
    text = f"sed {words} <<'EOF'\n{NSSWITCH}EOF"
    real = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    shell = Shell(Root(), ["sh"], {}, commands=run.COMMANDS)
    assert (shell.run(text), shell.out) == (0, real.stdout)


def test_a_label_is_told_not_guessed(root: Root) -> None:
    root.write("etc/x", b"a\n")
    with pytest.raises(NotUnderstoodError, match=r"^'sed :a;ba -i /etc/x'$"):
        follow(root, "sed ':a;ba' -i /etc/x")
    with pytest.raises(NotUnderstoodError, match=r"^'sed b end -i /etc/x'$"):
        follow(root, "sed 'b end' -i /etc/x")


SERVICES = """#!/bin/sh
if type systemctl >/dev/null 2>/dev/null; then
	OPTS=""

	if [ -n "$D" ]; then
		OPTS="--root=$D"
	fi

	if [ "enable" = "enable" ]; then
		for service in app.service app@one.service inst@.service 'app\\x2ddash.mount'; do
			systemctl ${OPTS} enable "$service"
		done

		for service in agent.service; do
			systemctl --global ${OPTS} enable "$service"
		done
	fi

	if [ -z "$D" ] && systemctl >/dev/null 2>/dev/null; then
		systemctl daemon-reload
		[ -n "app.service" ] && \\
			systemctl preset app.service
	fi
fi
"""
"""By systemd.bbclass of OE-Core's master."""
UNITS = {
    "system/app.service": "WantedBy=multi-user.target\nWantedBy=graphical.target rescue.target\nAlso=helper.socket app.service\nAlias=alias.service",
    "system/helper.socket": "RequiredBy=sockets.target\nUpheldBy=app.service",
    "system/app@.service": "WantedBy=multi-user.target\n[X-Other]\nWantedBy=no.target",
    "system/inst@.service": "WantedBy=multi-user.target\nDefaultInstance=first",
    "system/plain@.service": "WantedBy=multi-user.target",
    "system/app\\x2ddash.mount": "WantedBy= \\\n local-fs.target",
    "user/agent.service": "WantedBy=default.target",
}


def test_units_that_are_started(root: Root) -> None:
    for path, install in UNITS.items():
        root.write(f"usr/lib/systemd/{path}", f"[Unit]\nWantedBy=no.target\n[Install]\n{install}\n".encode())
    follow(root, SERVICES)
    follow(root, "systemctl enable plain@.service gone.service")

    app, unit = "/usr/lib/systemd/system/app.service", "/usr/lib/systemd/system"
    assert links(root) == {
        "system/multi-user.target.wants/app.service": app,
        "system/graphical.target.wants/app.service": app,
        "system/rescue.target.wants/app.service": app,
        "system/alias.service": app,
        "system/sockets.target.requires/helper.socket": f"{unit}/helper.socket",
        "system/app.service.upholds/helper.socket": f"{unit}/helper.socket",
        "system/multi-user.target.wants/app@one.service": f"{unit}/app@.service",
        "system/multi-user.target.wants/inst@first.service": f"{unit}/inst@.service",
        "system/local-fs.target.wants/app\\x2ddash.mount": f"{unit}/app\\x2ddash.mount",
        "user/default.target.wants/agent.service": "/usr/lib/systemd/user/agent.service",
    }


def test_debian_s_links_lead_to_lib(root: Root) -> None:
    root.put(Entry("lib", SYMLINK, 0o777, link="usr/lib"))
    root.write("usr/lib/systemd/system/app.service", b"[Install]\nWantedBy=a.target\n")
    follow(root, "deb-systemd-helper enable app.service")
    assert links(root)["system/a.target.wants/app.service"] == "/lib/systemd/system/app.service"
    follow(root, "systemctl enable app.service")
    assert links(root)["system/a.target.wants/app.service"] == "/usr/lib/systemd/system/app.service"


def test_presets_say_what_is_started(root: Root) -> None:
    for name in ("on.service", "off.service", "t@.service", "other.service"):
        root.write(f"usr/lib/systemd/system/{name}", b"[Install]\nWantedBy=a.target\n")
    root.write(
        "usr/lib/systemd/system-preset/98-on.preset", b"enable on.service\nenable t@.service one two\n"
    )
    root.write("usr/lib/systemd/system-preset/99-default.preset", b"# all\ndisable *\n")
    root.write("usr/lib/systemd/system-preset/10-of.preset", b"enable off.service\n")
    root.write("etc/systemd/system-preset/10-of.preset", b"disable off.service\n")
    follow(root, "systemctl preset on.service off.service t@one.service t@three.service other.service")

    wants = "system/a.target.wants"
    assert set(links(root)) == {f"{wants}/on.service", f"{wants}/t@one.service"}

    for path in ("usr/lib/systemd/system-preset", "etc/systemd/system-preset"):
        root.remove(path)
        for entry in root.below(path):
            root.remove(entry.path)
    follow(root, "systemctl preset other.service")
    assert f"{wants}/other.service" in links(root)
    with pytest.raises(NotUnderstoodError, match=r"^'systemctl edit x'$"):
        follow(root, "systemctl edit x")


def test_presets_of_all_units(root: Root) -> None:
    """As Fedora's systemd does when it is installed."""
    for name in ("a.service", "b.service"):
        root.write(f"usr/lib/systemd/system/{name}", b"[Install]\nWantedBy=x.target\n")
    root.write("usr/lib/systemd/system/a.service.d/x.conf", b"")
    root.write("usr/lib/systemd/system-preset/90.preset", b"enable a.*\ndisable *\n")
    follow(root, "systemctl preset-all >/dev/null 2>&1 || :")
    assert links(root) == {"system/x.target.wants/a.service": "/usr/lib/systemd/system/a.service"}


CACHES = [
    ("glib-compile-schemas /usr/share/glib-2.0/schemas", "usr/share/glib-2.0/schemas/app.gschema.xml"),
    ("/usr/lib/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders --update-cache", "usr/lib/gdk-pixbuf-2.0/2.10.0/loaders/a.so"),
    ("gtk-query-immodules-3.0 > /usr/lib/gtk-3.0/3.0.0/immodules.cache", "usr/lib/gtk-3.0/3.0.0/immodules/im-x.so"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path"), CACHES)
def test_what_programs_do_not_find_without_a_cache_is_told(root: Root, text: str, path: str) -> None:
    follow(root, text)
    root.write(path, b"x")
    words = text.partition(" >")[0]
    with pytest.raises(NotUnderstoodError) as error:
        follow(root, text)
    assert str(error.value) == f"{words!r}: '/{path}' is not found without it"


NOTHING = [
    # kernel-module-split.bbclass
    'if [ -z "$D" ]; then\n\tdepmod -a 6.12.0\nelse\n\t:\nfi\nif [ x"$D" = "x" ]; then\n\tmodprobe i2c-dev || true\nfi\n',
    # fontcache.bbclass
    "if [ -n \"$D\" ] ; then\n\t$INTERCEPT_DIR/postinst_intercept update_font_cache fonts mlprefix= binprefix= \\\n\t\t'bindir=\"/usr/bin\"'\nelse\n\tFC_DEBUG=1 fc-cache -v\nfi\n",
    # gtk-icon-cache.bbclass, without loaders of pictures
    'if [ "x$D" != "x" ]; then\n\t$INTERCEPT_DIR/postinst_intercept update_gtk_icon_cache app\nelse\n\t/usr/lib/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders --update-cache\n'
    "\tfor icondir in /usr/share/icons/* ; do\n\t\tif [ -d $icondir ] ; then\n\t\t\tgtk-update-icon-cache-3.0 -fqt  $icondir\n\t\tfi\n\tdone\nfi\n",
    # avahi, wpa-supplicant
    'if [ -z "$D" ]; then\n\tkillall -q -HUP dbus-daemon || true\nfi\n',
    # base-passwd-update
    'if [ -n "$D" ]; then\n\texit 0\nfi\n/usr/sbin/update-passwd\n',
    # xorg-font-common.inc
    "for fontdir in `find $D/usr/lib/X11/fonts -type d`; do\n\tmkfontdir $fontdir\n\tmkfontscale $fontdir\ndone\n",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_part_of_an_image(root: Root, text: str) -> None:
    before = dict(root.made.entries)
    root.write("usr/share/icons/hicolor/index.theme", b"")
    follow(root, text)
    assert set(root.made.entries) - set(before) == {"usr/share/icons/hicolor/index.theme"}


def test_certificates_that_are_not_chosen_are_not_trusted(root: Root) -> None:
    for name in ("a", "b", "c", "d"):
        root.write(f"usr/share/ca-certificates/mozilla/{name}.crt", f"{name}\n\n".encode())
    root.write("usr/local/share/ca-certificates/own.crt", b"own")
    chosen = b"# Lines starting with # will be ignored\nmozilla/c.crt\n!mozilla/b.crt\nmozilla/a.crt\nmozilla/gone.crt\n"
    root.write("etc/ca-certificates.conf", chosen)
    run.follow(
        root,
        "ca-certificates",
        "all",
        "postinst",
        '[ -n "$D" ] && sysroot_args="--sysroot $D"\n$D/usr/sbin/update-ca-certificates $sysroot_args\n',
    )
    assert root.content("etc/ca-certificates.conf") == chosen
    assert root.content("etc/ssl/certs/ca-certificates.crt") == b"c\na\nown\n"

    root.remove("etc/ca-certificates.conf")
    follow(root, "update-ca-certificates")
    assert (root.content("etc/ca-certificates.conf") or b"").split() == [
        b"mozilla/%c.crt" % c for c in b"abcd"
    ]
    assert root.content("etc/ssl/certs/ca-certificates.crt") == b"a\nb\nc\nd\nown\n"
