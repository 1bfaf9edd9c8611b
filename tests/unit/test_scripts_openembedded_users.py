"""Users and groups as OpenEmbedded's useradd class makes them."""

# ruff: noqa: E501  shell text is read best in one line

from __future__ import annotations

from sdk_hooks.core.files.fileset import SYMLINK, Entry, directory
from sdk_hooks.core.scripts.root import Root

from .test_scripts_openembedded import follow, root

__all__ = ("root",)


def perform(kind: str) -> str:
    """As useradd_base.bbclass has it."""
    file = "group" if kind == "groupadd" else "passwd"
    return f"""perform_{kind} () {{
	local rootdir="$1"
	local opts="$2"
	bbnote "app: Performing {kind} with [$opts]"
	local name=`echo "$opts" | awk '{{ print $NF }}'`
	local exists="`grep "^$name:" $rootdir/etc/{file} || true`"
	if test "x$exists" = "x"; then
		eval flock -x $rootdir/etc -c \\"$PSEUDO {kind} \\$opts\\" || true
		exists="`grep "^$name:" $rootdir/etc/{file} || true`"
		if test "x$exists" = "x"; then
			bbfatal "app: {kind} command did not succeed."
		fi
	fi
}}
perform_groupmems () {{
	local rootdir="$1"
	local opts="$2"
	local groupname=`echo "$opts" | awk '{{ for (i = 1; i < NF; i++) if ($i == "-g" || $i == "--group") print $(i+1) }}'`
	local username=`echo "$opts" | awk '{{ for (i = 1; i < NF; i++) if ($i == "-a" || $i == "--add") print $(i+1) }}'`
	local prefix=`echo "$opts" | awk '{{ for (i = 1; i < NF; i++) if ($i == "-P" || $i == "--prefix") print $(i+1) }}'`
	local mem_exists="`grep "^$groupname:[^:]*:[^:]*:\\([^,]*,\\)*$username\\(,[^,]*\\)*$" $rootdir/etc/group || true`"
	if test "x$mem_exists" = "x"; then
		eval flock -x $rootdir/etc -c \\"$PSEUDO usermod \\${{prefix:+--prefix \\$prefix}} --append --groups \\$groupname \\$username\\" || true
	fi
}}
"""


def test_users_by_its_class(root: Root) -> None:
    """The numbers are those that shadow 4.13 gave in an offline root, the members those of usermod."""
    root.write("etc/skel/.profile", b"umask 022\n", 0o755)
    root.put(directory("etc/skel/.config"))
    root.write("etc/skel/.config/app", b"x")
    root.put(Entry("etc/skel/link", SYMLINK, 0o777, link="gone"))
    for options in ("--system labgroup", " -g 1234 labfixed", " -r labwheel"):
        follow(root, f'{perform("groupadd")}perform_groupadd "" " {options}"\n')
    for options in (
        "--system --no-create-home --home-dir /var/run/lab --shell /bin/false --user-group labd",
        "-u 1200 -d /home/labuser -m -r -s /bin/sh -c 'Lab user' -G labgroup,labfixed labuser",
        "--system -d / -M --shell /sbin/nologin -N -g labfixed lablow",
        "-r -d /var/lib/labmore -m -s /sbin/nologin labmore",
    ):
        follow(root, f'{perform("useradd")}perform_useradd "" " {options}"\n')
    follow(
        root,
        f'{perform("useradd")}perform_groupmems "" " -a labmore -g labgroup"\nperform_groupmems "" "  --add lablow --group labgroup"\n',
    )

    assert (root.content("etc/passwd") or b"").decode().splitlines()[1:] == [
        "labd:x:999:997::/var/run/lab:/bin/false",
        "labuser:x:1200:996:Lab user:/home/labuser:/bin/sh",
        "lablow:x:998:1234::/:/sbin/nologin",
        "labmore:x:997:995::/var/lib/labmore:/sbin/nologin",
    ]
    assert (root.content("etc/group") or b"").decode().splitlines()[1:] == [
        "labgroup:x:999:labuser,labmore,lablow",
        "labfixed:x:1234:labuser",
        "labwheel:x:998:",
        "labd:x:997:",
        "labuser:x:996:",
        "labmore:x:995:",
    ]
    homes = {e.path: (oct(e.mode), e.uid, e.gid) for e in root.below("home/labuser")}
    assert homes == {
        "home/labuser/.profile": ("0o755", 1200, 996),
        "home/labuser/.config": ("0o755", 1200, 996),
        "home/labuser/.config/app": ("0o644", 1200, 996),
        "home/labuser/link": ("0o777", 1200, 996),
    }
    assert root.content("var/lib/labmore/.profile") == b"umask 022\n"
