"""Commands of package scripts that make users, services, logins and keys."""

# ruff: noqa: E501  shell text is read best in one line

from __future__ import annotations

import subprocess

import pytest

from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry, Group
from sdk_hooks.core.scripts import debconf, run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import Shell

SED = [
    "s/a/b/",
    "-n 's/^a: *\\([^ ]\\+\\) */\\1/p'",
    "-E -n -e 's/[[:space:]]+/ /g' -e 's/^x *HostKey[[:space:]=]+//Ip'",
    "2d",
    "'$d'",
    "'/^#/!d'",
    "-n '/begin/,/end/p'",
    "'1,2s/./X/g;3q'",
    "-n '2,$p'",
    "-n '2,/end/p'",
    "'s#/#\\##g'",
    "'s/[/]/|/'",
    "'s/l/&&/2'",
    "'/begin/,+1d'",
    "y/a/b/",
]
LINES = "a: one two\n# note/here\nbegin al\nx HostKey = /etc/key\nend/l\nlast line\n"


@pytest.mark.parametrize("words", SED)
def test_sed_is_sed(words: str) -> None:
    text = f"sed {words} <<'EOF'\n{LINES}EOF"
    real = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    shell = Shell(Root(), ["sh"], {}, commands=run.COMMANDS)
    if words in SED[-3:]:  # told, not guessed
        with pytest.raises(NotUnderstoodError, match=r"^'sed "):
            shell.run(text)
        return
    assert (shell.run(text), shell.out) == (real.returncode, real.stdout)


def test_tr_is_tr() -> None:
    for words in ("A-Z a-z", "'[:upper:]' '[:lower:]'", "-d ' \\n'", "abc x", "-d '[:digit:]'"):
        text = f"printf 'Abc 12\\nX' | tr {words}"
        real = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
        shell = Shell(Root(), ["sh"], {}, commands=run.COMMANDS)
        assert (shell.run(text), shell.out) == (0, real.stdout)


@pytest.fixture
def root() -> Root:
    made = Root()
    made.write("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    made.write("etc/group", b"root:x:0:\nshadow:x:42:\n")
    return made


def follow(root: Root, text: str) -> None:
    run.follow(root, "app", "amd64", "postinst", f"#!/bin/sh\nset -e\n{text}\n", "configure", "")


def test_declared_users_are_made(root: Root) -> None:
    root.write(
        "usr/lib/sysusers.d/app.conf",
        b'g data 880\nu app 990 "An app" /var/lib/app\nu lone -\nu joined -:data -\nm app data\nr - 500-900\n',
    )
    root.write("usr/lib/sysusers.d/other.conf", b"u other -\n")
    follow(root, "systemd-sysusers app.conf")

    assert (root.content("etc/passwd") or b"").decode().splitlines()[1:] == [
        "app:x:990:990:An app:/var/lib/app:/usr/sbin/nologin",
        "lone:x:999:999::/:/usr/sbin/nologin",
        "joined:x:998:880::/:/usr/sbin/nologin",
    ]
    assert b"data:x:880:app\n" in (root.content("etc/group") or b"")
    follow(root, "systemd-sysusers")
    assert b"other:x:997:" in (root.content("etc/passwd") or b"")


def test_declared_files_that_outlive_a_boot_are_made(root: Root) -> None:
    root.write(
        "usr/lib/tmpfiles.d/app.conf",
        b"d /var/lib/app 0750 root shadow -\nf /var/lib/app/x - - - - text here\nL /etc/app - - - - ../var/lib/app\n"
        b"d /run/app 0755 root root -\nz /etc/group 0600\nd /var/%m\nC /etc/y\nf^ /root/.ssh/keys - - - - a.credential\nd! /var/boot\n",
    )
    follow(root, "systemd-tmpfiles --create app.conf")

    made = root.find("var/lib/app")
    assert made and (made.mode, made.gid) == (0o750, 42)
    assert root.content("var/lib/app/x") == b"text"
    link, group = root.find("etc/app", follow=False), root.find("etc/group")
    assert link and link.link == "../var/lib/app"
    assert group and group.mode == 0o600
    assert not any(map(root.find, ("run/app", "root/.ssh/keys", "var/boot")))


def test_host_keys_are_made_by_each_container(root: Root) -> None:
    follow(root, "ssh-keygen -q -f /etc/ssh/ssh_host_rsa_key -N '' -t rsa")
    assert root.find("etc/systemd/system/ssh-host-keys.service") is None
    root.write("lib/systemd/systemd", b"x")
    follow(root, "ssh-keygen -q -f /etc/ssh/ssh_host_rsa_key -N '' -t rsa")

    assert b"ExecStart=/usr/bin/ssh-keygen -A\n" in (
        root.content("etc/systemd/system/ssh-host-keys.service") or b""
    )
    assert root.find("etc/systemd/system/ssh.service.wants/ssh-host-keys.service")
    assert root.names("etc/ssh") == []


def test_capabilities_are_those_of_setcap(root: Root) -> None:
    root.write("bin/ping", b"x", 0o755)
    follow(root, "setcap cap_net_raw,cap_bpf+ep /bin/ping")
    found = root.find("bin/ping")

    # getfattr of a file that the real one was told the same of
    assert found and found.xattrs == (
        ("security.capability", bytes.fromhex("0100000200200000000000008000000000000000")),
    )
    follow(root, "setcap 'cap_net_raw,cap_bpf=p cap_chown+i' /bin/ping")
    assert root.merged.entries["bin/ping"].xattrs == (
        ("security.capability", bytes.fromhex("0000000200200000010000008000000000000000")),
    )


@pytest.mark.parametrize(
    "words",
    [
        "cap_fly+ep /bin/ping",
        "'cap_chown+ep cap_bpf=p' /bin/ping",
        "cap_chown-p /bin/ping",
        "-v cap_chown+p /bin/ping",
        "cap_chown+p",
    ],
)
def test_other_capabilities_are_told_not_guessed(root: Root, words: str) -> None:
    root.write("bin/ping", b"x", 0o755)
    with pytest.raises(NotUnderstoodError, match=r"^'setcap "):
        follow(root, f"setcap {words}")
    assert root.merged.entries["bin/ping"].xattrs == ()


def test_the_machine_that_builds_is_not_told(root: Root) -> None:
    follow(root, "uname -n >/etc/mailname; fc-cache -f -s; if pgrep -x init; then false; fi")
    assert root.content("etc/mailname") == b"localhost\n"


def test_units_of_users_and_masks(root: Root) -> None:
    root.write("usr/lib/systemd/user/agent.socket", b"[Install]\nWantedBy=sockets.target\n")
    root.write("usr/lib/systemd/system/getty@.service", b"[Install]\nWantedBy=getty.target\n")
    follow(
        root,
        "deb-systemd-helper --user enable agent.socket; systemctl mask getty.service; systemctl enable getty@tty1.service; systemd-machine-id-setup",
    )

    links = {path: entry.link for path, entry in root.made.entries.items() if entry.kind == SYMLINK}
    assert links == {
        "etc/systemd/user/sockets.target.wants/agent.socket": "/usr/lib/systemd/user/agent.socket",
        "etc/systemd/system/getty.service": "/dev/null",
        "etc/systemd/system/getty.target.wants/getty@tty1.service": "/usr/lib/systemd/system/getty@.service",
    }
    assert root.content("etc/machine-id") == b""


RUNLEVELS = [
    ("update-rc.d app defaults 9", {"rc2.d/S09app", "rc3.d/S09app", "rc4.d/S09app", "rc5.d/S09app", "rc0.d/K09app", "rc1.d/K09app", "rc6.d/K09app"}),
    ("update-rc.d -r / app start 5 S . stop 80 0 6 .", {"rcS.d/S05app", "rc0.d/K80app", "rc6.d/K80app"}),
    ("update-rc.d lsb defaults", {"rc2.d/S20lsb", "rc0.d/K20lsb"}),
    ("update-rc.d -s lsb defaults 10 30", {"rc2.d/S10lsb", "rc3.d/S10lsb", "rc4.d/S10lsb", "rc5.d/S10lsb", "rc0.d/K30lsb", "rc1.d/K30lsb", "rc6.d/K30lsb"}),
    ("update-rc.d -s gone defaults || :", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "links"), RUNLEVELS)
def test_services_of_system_v(root: Root, text: str, links: set[str]) -> None:
    root.write("etc/init.d/app", b"#!/bin/sh\n", 0o755)
    root.write(
        "etc/init.d/lsb",
        b"#!/bin/sh\n### BEGIN INIT INFO\n# Default-Start: 2\n# Default-Stop: 0\n### END INIT INFO\n",
        0o755,
    )
    follow(root, text)
    assert not any(path.startswith("etc/rc") for path in root.made.entries)  # another init
    root.write("etc/inittab", b"")
    follow(root, text)

    found = {
        path.removeprefix("etc/"): entry.link
        for path, entry in root.made.entries.items()
        if path.startswith("etc/rc")
    }
    assert set(found) == links
    assert set(found.values()) <= {"../init.d/app", "../init.d/lsb"}


def test_nobody_has_a_password(root: Root) -> None:
    follow(root, "shadowconfig on")
    made = root.find("etc/shadow")

    assert made and (made.mode, made.gid, made.data) == (0o640, 42, b"root:*::0:99999:7:::\n")
    follow(root, "useradd -r app; pwconv; grpconv")
    assert root.content("etc/shadow") == b"root:*::0:99999:7:::\napp:!:::::::\n"
    assert root.content("etc/gshadow") == b"root:*::\nshadow:*::\napp:*::\n"


def test_questions_have_the_answers_of_their_templates(root: Root) -> None:
    root.questions.update(
        debconf.templates(
            b"Template: app/root\nType: boolean\nDefault: true\nDefault-de.UTF-8: wahr\nDescription: x\n\nTemplate: app/none\nType: note\n"
        )
    )
    follow(root, """
        . /usr/share/debconf/confmodule
        db_get app/root; echo "$RET" >/etc/one; db_set app/none yes; db_get app/none; echo "$RET" >/etc/two""")  # fmt: skip

    assert (root.content("etc/one"), root.content("etc/two")) == (b"true\n", b"yes\n")


PROFILES = {
    "unix": "Name: Unix\nDefault: yes\nPriority: 256\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass\n"
            "Auth-Initial:\n\t[success=end default=ignore]\tpam_unix.so nullok\nSession-Type: Additional\nSession:\n\trequired\tpam_unix.so\n",
    "more": "Name: More\nDefault: yes\nPriority: 100\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_more.so\nSession-Interactive-Only: yes\n"
            "Session-Type: Additional\nSession-Final:\n\toptional\t\tpam_more.so\n",
    "off": "Name: Off\nDefault: no\nPriority: 300\nAuth-Type: Primary\nAuth:\n\trequired pam_off.so\n",
    "rival": "Name: Rival\nDefault: yes\nPriority: 1\nConflicts: unix\nAuth-Type: Primary\nAuth:\n\trequired pam_rival.so\n",
}  # fmt: skip
TEMPLATE = """\
# here are the per-package modules (the "Primary" block)
$x_primary
# here's the fallback if no module succeeds
x	requisite	pam_deny.so
# and here are more per-package modules (the "Additional" block)
$x_additional
# end of pam-auth-update config
"""


def test_logins_are_put_together_of_profiles(root: Root) -> None:
    for name, text in PROFILES.items():
        root.write(f"usr/share/pam-configs/{name}", text.encode())
    for kind in ("auth", "session", "session-noninteractive"):
        root.write(f"usr/share/pam/common-{kind}", TEMPLATE.encode())
    follow(root, "pam-auth-update --package")

    def made(kind: str) -> list[str]:
        lines = (root.content(f"etc/pam.d/common-{kind}") or b"").decode().splitlines()
        return [line for line in lines if not line.startswith("#")]

    deny = "x\trequisite\tpam_deny.so"
    assert made("auth") == [
        "auth\t[success=2 default=ignore]\tpam_unix.so nullok", "auth\t[success=1 default=ignore]\tpam_more.so ", deny,
    ]  # fmt: skip
    permit = "session\t[default=1]\t\t\tpam_permit.so"
    assert made("session") == [
        permit,
        deny,
        "session\trequired\tpam_unix.so ",
        "session\toptional\t\tpam_more.so ",
    ]
    assert made("session-noninteractive") == [permit, deny, "session\trequired\tpam_unix.so "]
    assert root.content("var/lib/pam/seen") == b"off\nunix\nmore\nrival\n"


def test_what_a_command_can_not_make_of_its_words_is_said(root: Root) -> None:
    with pytest.raises(NotUnderstoodError, match=r"^'seq a': invalid literal for int"):
        follow(root, "seq a")


def test_what_is_taken_from_a_layer_below_is_hidden() -> None:
    below = Root()
    below.add(Group("base"), [Entry("etc/a", FILE, 0o644), Entry("etc/b", FILE, 0o644)])
    below.above()
    run.follow(below, "app", "amd64", "postinst", "#!/bin/sh\nrm /etc/a /etc/b; echo new >/etc/b\n")

    assert set(below.made.entries) == {"etc/.wh.a", "etc/b"}
