"""Programs that put together what many packages have, and without which programs don't find it."""

from __future__ import annotations

import fnmatch

from sdk_hooks.core.scripts.call import Call, Command

_NEEDED = {
    "glib-compile-schemas": "usr/share/glib-2.0/schemas/*.gschema.*",
    "gdk-pixbuf-query-loaders": "usr/lib*/gdk-pixbuf-2.0/*/loaders/*.so",
    "gtk-query-immodules-2.0": "usr/lib*/gtk-2.0/*/immodules/*.so",
    "gtk-query-immodules-3.0": "usr/lib*/gtk-3.0/*/immodules/*.so",
}
"""By program, what is not found before it has run: nothing is missed where no package has such a file."""


def command(call: Call) -> int:
    name = call.name.rpartition("/")[2]
    found = (path for path in call.root.merged.entries if fnmatch.fnmatchcase(path, _NEEDED[name]))
    first = next(found, "")
    if first:
        raise call.unknown(f"'/{first}' is not found without it")
    return 0


COMMANDS: dict[str, Command] = dict.fromkeys(_NEEDED, command)
