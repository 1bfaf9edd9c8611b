"""Scripts of packages: followed as a shell runs them, and given up where they do what is not known."""

# ruff: noqa: E501  shell text is read best in one line

from __future__ import annotations

import subprocess

import pytest

from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry, Group
from sdk_hooks.core.scripts import run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import Shell

TEXTS = [
    "echo a b  c; echo 'a  b' \"c  d\"",
    'A=1; B="$A 2"; echo $B "$B" \'$B\' ${B}x \\$B',
    "echo ${A:-x} ${A-y} ${A:+z}; A=; echo [${A:-x}] [${A-y}] [${A+z}] ${B:=set} $B",
    "A=/usr/lib/x.tar.gz; echo ${A##*/} ${A#*/} ${A%.*} ${A%%.*} ${A#nothing}",
    "if false; then echo a; elif true; then echo b; else echo c; fi",
    "for a in 1 2 3; do [ $a = 2 ] && continue; echo $a; done; echo $?",
    "for a in 1 2 3; do if [ $a = 2 ]; then break; fi; echo $a; done",
    "case abc in (x|y) echo 1;; a*) echo 2;; *) echo 3;; esac; case 'a*' in 'a*') echo 4;; esac",
    'case "$1" in configure) echo yes ;; esac',
    'f() { echo "f $1 $#"; return 3; }; f x y; echo $?',
    "f() { local a=in; echo $a; }; a=out; f; echo $a",
    "true && echo a || echo b; false && echo a || echo b; ! false; echo $?",
    "set -e; false || true; if false; then :; fi; ! true; echo on; false; echo never",
    "set -e; f() { false; echo in; }; f || echo out; f; echo never",
    "(exit 4); echo $?; { echo block; }; (a=1; echo $a); echo [$a]",
    "printf '%s-%s\\n' a b c d; printf 'x%dy%%\\n' 5",
    'cat <<EOF\na $((1 + 2 * 3)) `echo b` $(echo "c  d")\n\\$x\nEOF\necho after',
    "cat <<'EOF'\n$a `b`\nEOF\ncat <<-EOF\n\ttabs\n\tEOF",
    'echo one two three | while read -r a b; do echo "$b/$a"; done',
    "printf 'a#b\\nc#d\\n' | while IFS='#' read -r x y; do echo $y$x; done",
    "echo 'a:b:c' | cut -d: -f2; echo 'a:b:c' | cut -d ':' -f 2-; echo abc | cut -d: -f 1",
    "echo 'a b c' | awk '{ print $NF }'; echo 'a b c' | awk '{print $2}'",
    "echo 'a.b.c' | sed 's/\\./-/'; echo 'a.b.c' | sed -e 's#\\.#/#g'; echo 12x | sed 's/\\([0-9]*\\)x/<\\1>/'",
    "echo ' x ' | tr -d '[:space:]'; echo; echo a-b | tr - _",
    "printf 'b\\na\\nb\\n' | sort -u | head -n 1; printf 'a\\nb\\n' | wc -l | tr -d ' '",
    "printf 'abc\\nxyz\\n' | grep -q '^x' && echo found; printf 'abc\\n' | grep -c z; echo $?",
    "basename /a/b.c .c; dirname /a/b/c; basename a; dirname a",
    'set -- a \'b c\' d; echo $#; for x in "$@"; do echo "[$x]"; done; shift; echo $1; echo "$*"',
    'IFS=\'#\'; x=\'#a#b c##d#\'; set -- $x; echo "$#"; for i; do echo "[$i]"; done; echo "$*" $x',
    "IFS=' :'; x=' a : b::c '; set -- $x; for i; do echo \"[$i]\"; done; IFS=; x='a b'; set -- $x; echo \"$1\"",
    "eval 'A=5; echo $A'; x='echo hi'; $x; unset A; echo [${A}]",
    "[ a = a -a b = b ]; echo $?; [ -z '' -o x = y ]; echo $?; test 3 -lt 4; echo $?; [ ! -n '' ]; echo $?",
    "i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i",
    "echo a; exit 7; echo b",
    'a="x\'y"; echo "$a"; echo a\\\nb; # comment\necho c # more',
    'A=abc; B=; echo ${#A} "${#B}" ${#C} ${#} x${#1}y; set -- a b; echo ${#}',
    "printf a | md5sum; printf a | sha256sum -",
    "printf '%s  gone\\n' 0cc175b9c0f1b6a831c399e269772661 | md5sum --status -c 2>/dev/null; echo $?",
    "printf ' a\\nb  \\n#c\\n' | sed -e /^[a-zA-Z]/!d -e 's/ *$//g'",
    "pgrep -x no-such-program-runs; echo $?",
    "echo a >/dev/null; echo b >&2; echo c 2>/dev/null; echo ${PKG-none##x}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_out_as_the_shell_has_them(text: str) -> None:
    shell = Shell(Root(), ["sh", "configure"], {}, commands=run.COMMANDS)
    real = subprocess.run(["sh", "-c", text, "sh", "configure"], capture_output=True, text=True, check=False)

    assert (shell.run(text), shell.out) == (real.returncode, real.stdout)


@pytest.fixture
def root() -> Root:
    made = Root()
    made.write("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    made.write("etc/group", b"root:x:0:\nadm:x:4:\nnogroup:x:65534:\n")
    group = Group("pkg")
    made.add(
        group, [Entry("usr/bin/vi.tiny", FILE, 0o755, size=1, data=b"x"), Entry("var/lib/app", "5", 0o755)]
    )
    made.add(group, [Entry("lib/systemd/system/app.service", FILE, 0o644, size=44,
                           data=b"[Unit]\n[Install]\nWantedBy=multi-user.target\n")])  # fmt: skip
    return made


def follow(root: Root, text: str, *arguments: str, package: str = "app") -> None:
    run.follow(root, package, "amd64", "postinst", f"#!/bin/sh\nset -e\n{text}\n", *arguments)


def test_users_and_groups_are_made(root: Root) -> None:
    follow(root, """
        if ! getent passwd app >/dev/null; then
            adduser --quiet --system --group --home /var/lib/app --no-create-home --shell /usr/sbin/nologin app
        fi
        groupadd -r -g 880 data; useradd -r -u 881 -g data -d /var/lib/data -s /sbin/nologin data
        usermod -a -G adm app; chown -R app:adm /var/lib/app; chmod 2750 /var/lib/app""")  # fmt: skip

    passwd, group = (root.content(f"etc/{name}") or b"" for name in ("passwd", "group"))
    assert b"app:x:100:100::/var/lib/app:/usr/sbin/nologin\n" in passwd
    assert b"data:x:881:880::/var/lib/data:/sbin/nologin\n" in passwd
    assert b"adm:x:4:app\n" in group
    made = root.find("var/lib/app")
    assert made and (made.mode, made.uid, made.gid) == (0o2750, 100, 4)
    assert root.groups["var/lib/app"].entries["var/lib/app"] == made


def test_alternatives_are_links_and_the_highest_priority_wins(root: Root) -> None:
    follow(root, "update-alternatives --install /usr/bin/vi vi /usr/bin/vi.tiny 30")
    follow(root, "update-alternatives --install /usr/bin/vi vi /usr/bin/vi.basic 10")

    link, alternative = (root.find(path, follow=False) for path in ("usr/bin/vi", "etc/alternatives/vi"))
    assert link and alternative
    assert (link.kind, link.link, alternative.link) == (SYMLINK, "/etc/alternatives/vi", "/usr/bin/vi.tiny")


def test_units_are_enabled_as_they_want_to_be(root: Root) -> None:
    follow(
        root,
        "if deb-systemd-helper --quiet was-enabled app.service; then deb-systemd-helper enable app.service; fi",
    )

    found = root.find("etc/systemd/system/multi-user.target.wants/app.service", follow=False)
    assert found and found.link == "/lib/systemd/system/app.service"


def test_files_are_made_changed_and_removed(root: Root) -> None:
    follow(root, """
        mkdir -p /var/log/app; touch /var/log/app/log; chmod 640 /var/log/app/log; chown nobody:adm /var/log/app/log
        ln -s /usr/bin/vi.tiny /usr/bin/ex; echo "a=$1" >/etc/app.conf; echo b >>/etc/app.conf
        cp /etc/app.conf /etc/app.copy; mv /etc/app.copy /etc/app.moved; rm -f /usr/bin/vi.tiny""", "configure")  # fmt: skip

    log = root.find("var/log/app/log")
    assert log and (log.mode, log.uid, log.gid) == (0o640, 65534, 4)
    assert root.content("etc/app.conf") == root.content("/etc/app.moved") == b"a=configure\nb\n"
    assert root.find("usr/bin/vi.tiny") is None
    assert root.find("usr/bin/ex", follow=False)


def test_scripts_of_the_image_are_followed_too(root: Root) -> None:
    root.write("usr/sbin/helper", b'#!/bin/sh\necho "$1" >/etc/helped\n', 0o755)
    follow(root, "helper me")

    assert root.content("etc/helped") == b"me\n"


def test_links_lead_from_where_they_lie(root: Root) -> None:
    root.put(Entry("bin", SYMLINK, 0o777, link="usr/bin"))
    root.put(Entry("usr/bin/vi", SYMLINK, 0o777, link="../bin/./vi.tiny"))
    follow(
        root,
        "mkdir -p /usr/bin; [ -d /bin ]; [ -x /bin/vi ]; dpkg-realpath --root '' /bin >/etc/real; readlink -f /bin/vi >>/etc/real",
    )

    assert root.content("etc/real") == b"/usr/bin\n/usr/bin/vi.tiny\n"


@pytest.mark.parametrize(("text", "why"), [
    ("dpkg-divert --add /bin/a /bin/b", "'dpkg-divert --add /bin/a /bin/b'"),
    ("frobnicate --now", "'frobnicate --now'"),
    ("if [ x; then", "its text: line 4: a command is missing before ''"),
    ("sleep 1 &", "its text: line 3: a command in the background"),
    ("exit 3", "it ends with status 3"),
    ("while true; do :; done", "it does not end"),
    ("f() { f; }; f", "it calls itself"),
    ("cat </etc/nothing", "it reads '/etc/nothing', which is not there"),
])  # fmt: skip
def test_what_is_not_understood_is_said(root: Root, text: str, why: str) -> None:
    with pytest.raises(NotUnderstoodError) as error:
        follow(root, text)
    assert str(error.value) == why


def test_a_program_in_another_language_is_not_followed(root: Root) -> None:
    with pytest.raises(NotUnderstoodError, match=r"^it is a program for '/usr/bin/perl'$"):
        run.follow(root, "app", "amd64", "postinst", "#!/usr/bin/perl\nprint 1;\n")


def test_ucf_brings_a_configuration_file_where_there_is_none(root: Root) -> None:
    root.write("usr/share/app.conf", b"new")
    text = "ucf --three-way --sum-file /usr/share/app.md5sum /usr/share/app.conf /etc/app.conf"

    follow(root, text)
    root.write("usr/share/app.conf", b"newer")
    follow(root, text)

    assert root.content("etc/app.conf") == b"new"
