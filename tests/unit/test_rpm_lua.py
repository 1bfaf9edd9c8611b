"""Lua scripts of rpm packages: the forms that are known do what they do, others are refused by name."""

# ruff: noqa: E501  scripts are read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.rpm import lua
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.run import follow

from .rpmmaker import File, rpm
from .test_feeds_packages import entries, groups

DIRECTORIES = """--# comments
posix.mkdir("/usr")
posix.mkdir("/usr/bin")
posix.mkdir("/nowhere/below")
posix.symlink("usr/bin", "/bin")
posix.symlink("usr/other", "/bin");
posix.chmod("/usr", 0555)
posix.chmod("/gone", 0555)
st = posix.stat("/media")
if st and st.type == "link" then
  os.remove("/media")
end
if "x86_64" == "riscv64" then
  posix.symlink(".", "/usr/lp64d")
end
print("done")
return 0
"""
SHELLS = """nl        = '\\n'
sh        = '/bin/sh'..nl
bash      = '/bin/bash'..nl
f = io.open('/etc/shells', 'a+')
if f then
  local shells = nl..f:read('*all')..nl
  if not shells:find(nl..sh) then f:write(sh) end
  if not shells:find(nl..bash) then f:write(bash) end
  f:close()
end
"""
NEW = """for i, name in ipairs({"passwd", "group"}) do
     os.remove("/etc/"..name..".rpmnew")
end
if posix.access("/usr/bin/newaliases", "x") then
  local pid = posix.fork()
  if pid == 0 then
    posix.exec("/usr/bin/newaliases")
  elseif pid > 0 then
    posix.wait(pid)
  end
end
"""
MOVED = """local path = "/srv/data"
local st = posix.stat(path)
if st and st.type == "directory" then
  local suffix = 0
  while not status do
    suffix = suffix + 1
    status = os.rename(path .. ".rpmmoved", path .. ".rpmmoved." .. suffix)
  end
  os.rename(path, path .. ".rpmmoved")
end
"""


def root(*made: str) -> Root:
    found = Root()
    for script in made:
        follow(found, "x", "amd64", "made", f"#!/bin/sh\n{script}\n")
    return found


def run(text: str, *made: str) -> Root:
    found = root(*made)
    assert lua.shell(text)
    follow(found, "x", "amd64", "pretrans", lua.shell(text))
    return found


def test_directories_and_links_are_made_where_nothing_is() -> None:
    found = run(DIRECTORIES, "ln -s run/media /media")

    assert (found.merged.entries["usr"].mode, found.merged.entries["bin"].link) == (0o555, "usr/bin")
    assert {"media", "nowhere", "gone", "usr/lp64d"}.isdisjoint(found.merged.entries)
    assert run(DIRECTORIES, "mkdir /media /bin").merged.entries["media"].kind == "5"


@pytest.mark.parametrize(("before", "after"), [
    ("", b"/bin/sh\n/bin/bash\n"), ("/bin/bash\n", b"/bin/bash\n/bin/sh\n"), ("/bin/bashful\n/bin/sh\n", b"/bin/bashful\n/bin/sh\n/bin/bash\n"),
])  # fmt: skip
def test_shells_are_listed_once(before: str, after: bytes) -> None:
    found = root()
    if before:
        found.write("etc/shells", before.encode())
    follow(found, "bash", "amd64", "post", lua.shell(SHELLS))

    assert found.content("etc/shells") == after


def test_files_are_removed_one_by_one() -> None:
    found = run(NEW, "mkdir /etc", "echo x >/etc/passwd.rpmnew", "echo x >/etc/group")

    assert [path for path in found.merged.entries if path.startswith("etc/")] == ["etc/group"]


@pytest.mark.parametrize(("text", "made", "stopped"), [
    (NEW, "mkdir -p /usr/bin; echo x >/usr/bin/newaliases; chmod 755 /usr/bin/newaliases", "local pid = posix.fork()"),
    (MOVED, "mkdir -p /srv/data", "local suffix = 0"),
])  # fmt: skip
def test_what_is_not_known_is_left_alone_only_where_it_does_not_happen(
    text: str, made: str, stopped: str
) -> None:
    assert run(text)
    assert run(text, "mkdir /srv; ln -s /x /srv/data") is not None
    with pytest.raises(NotUnderstoodError) as caught:
        run(text, made)
    assert stopped in str(caught.value)


@pytest.mark.parametrize("text", [
    "posix.mkdir(path)", "posix.mkdir('/x' .. y)", "posix.chmod('/x', 'u+s')", "os.execute('rm -rf /')", "if x then\nend",
    "if st and st.type == 'link' then\nos.remove('/x')\nend", "if posix.access('/x', 'x') then\nposix.mkdir('/y')", "x = 1",
    "if posix.access('/x', 'x') then\nwhile true do\nend\n", "for i = 1, 2 do\nend", SHELLS.replace("write(sh)", "write(bash)"),
    SHELLS.replace("nl..bash) then f:write(bash)", "nl..zsh) then f:write(zsh)"),
])  # fmt: skip
def test_others_are_not_known(text: str) -> None:
    assert lua.shell(text) == ""


def test_a_package_with_such_a_script_is_installed(tmp_path: Path) -> None:
    rpm(
        tmp_path,
        "bash",
        File("/usr/bin/bash", b"x"),
        scripts={"post": ("<lua>", SHELLS), "pretrans": ("<lua>", DIRECTORIES)},
    )
    made = entries(groups(tmp_path, "bash"))

    assert made["etc/shells"].data == b"/bin/sh\n/bin/bash\n"
    assert made["bin"].link == "usr/bin"
