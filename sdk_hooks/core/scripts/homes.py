"""Home directories of users that scripts make."""

from __future__ import annotations

from sdk_hooks.core.files.fileset import FILE, directory
from sdk_hooks.core.scripts.call import Call

_SKELETON = "etc/skel"


def make(call: Call, home: str, user: str, *, skeleton: bool = False) -> None:
    """Make the home of *user*, who is in passwd by now; nothing where there is one.

    :param skeleton: Whether it gets what a new home has.
    """
    if call.root.find(home):
        return
    call.shell.call("mkdir", ["-p", home], call.stdin)
    lines = (line.split(":") for line in call.content("etc/passwd").splitlines())
    uid, gid = next((int(line[2]), int(line[3])) for line in lines if line[0] == user)
    place = call.root.inner(home)
    call.root.put(directory(place, 0o755)._replace(uid=uid, gid=gid))
    for entry in sorted(call.root.below(_SKELETON)) if skeleton else ():
        whole = call.root.whole(entry) if entry.kind == FILE else entry
        path = f"{place}{entry.path.removeprefix(_SKELETON)}"
        call.root.put(whole._replace(path=path, uid=uid, gid=gid))
