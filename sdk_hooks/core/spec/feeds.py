"""What container.yaml can say of packages: `install:` and `feeds:`."""

from __future__ import annotations

import re
from typing import Any

import yaml

from sdk_hooks.core.feeds.feed import Feed, parse
from sdk_hooks.core.spec import kinds, texts
from sdk_hooks.core.spec.kinds import Kind, Many, Section, Text
from sdk_hooks.packages import Relation

_WANTED = re.compile(r"([A-Za-z0-9][A-Za-z0-9.+_-]*)(?:\s*\(?\s*(<<|<=|>=|>>|=)\s*([^\s()]+)\s*\)?)?")


def wanted(text: str) -> Relation:
    """What `nginx` or `nginx (>= 1.22)` means; `nginx=1.22` too, as for apt-get.

    :raises ValueError: When it is neither.
    """
    found = _WANTED.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no package: write it like nginx or nginx=1.22.1")
    name, operator, version = found.groups("")
    return Relation(name, operator, version)


_FEED = Section(
    "a feed",
    {
        "url": Text("http, https, or a directory relative to container.yaml"),
        "format": kinds.matching("deb, ipk, rpm; by default what is found there", r"[a-z]+", "a format"),
        "suite": Text("a suite of Debian's archive, such as bookworm"),
        "components": Many("components of the suite", Text("such as main")),
        "key": Text("a file with the public keys that sign it, relative to container.yaml"),
        "trusted": Text("true when it may be used without a signature", texts.boolean, {"type": "boolean"}),
        "index": Text("false when what lies in its directory counts", texts.boolean, {"type": "boolean"}),
        "archs": Many("its directories that are feeds", Text("a PACKAGE_ARCH, such as core2-64")),
    },
    Feed,
    required=("url",),
)


class FeedEntry:
    """A feed, as one line or as a mapping."""

    _text: Kind = Text("[FORMAT] URL [SUITE COMPONENT...] [key=FILE] [trusted=yes]", parse)

    def read(self, node: yaml.Node, key: str) -> Feed:
        kind = self._text if isinstance(node, yaml.ScalarNode) else _FEED
        feed: Feed = kind.read(node, key)
        return feed

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self._text.schema(), _FEED.schema()]}


_FLAG = Text("true or false", texts.boolean, {"type": "boolean"})
PACKAGES: dict[str, Kind] = {
    "install": Many(
        "packages to install out of the feeds", Text("a package, such as nginx or nginx=1.22", wanted)
    ),
    "feeds": Many("where packages are", FeedEntry()),
    "recommends": _FLAG,
    "setuid": Many(
        "programs of packages that may have the rights of their owner, or capabilities",
        Text("a glob such as /usr/bin/su, or none"),
    ),
    "run_scripts": Many("packages whose scripts are really run", Text("a package")),
    "skip_scripts": Many("packages whose scripts are left out", Text("a package")),
    "exclude": Many(
        "paths of packages that are left out",
        Text("a glob such as /usr/share/doc/**, or with ! what stays nevertheless"),
    ),
    "package_database": _FLAG,
}
"""Keys of container.yaml."""
