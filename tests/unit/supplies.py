"""Images with packages, a base image and an application, for tests of what is said of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sdk_hooks.core import build
from sdk_hooks.core.bom import publish, record
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.openssl import PrivateKey
from sdk_hooks.core.bom.provenance import Asked
from sdk_hooks.core.bom.subject import Subject
from sdk_hooks.core.build import Built
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.source import FeedSource
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.core.ui import Ui

from .debmaker import deb, member
from .helpers import AMD64, file, group

DEP5 = b"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ or Vendor-EULA
"""


def make_feed(directory: Path) -> Path:
    """A feed with `web`, which needs `libgreet1` of OE; made once, as packages have the time in them."""
    if directory.exists():
        return directory
    more = "Depends: libgreet1\nMaintainer: Web Team <web@example.org>\nHomepage: https://example.org/\n"
    copyright = member("./usr/share/doc/web/copyright", DEP5)
    program = member("./usr/bin/web", b"#!x", mode=0o755)
    deb(directory, "web", copyright, program, control=more + "Description: answers\n", version="1:2.0-1")
    oe = "OE: greet\nLicense: MIT & Firmware\nHomepage: no address\nMaintainer: A. Person <a@example.org>\n"
    deb(directory, "libgreet1", member("./usr/lib/libgreet.so.1", b"x"), control=oe, version="1.0-r0")
    return directory


def built(
    top: Path,
    base: Path | None = None,
    name: str = "shop",
    content: bytes = b"#!app",
    install: str = "web",
) -> Built:
    """An image of the packages of a feed and a program; recorded."""
    feed = Feed(str(make_feed(top / "feed")))
    spec = Spec(install=(wanted(install),), feeds=(feed,), base=str(base) if base else None)
    below = FeedSource(spec, AMD64, load().package_formats(), Ui(quiet=True)).groups
    app = group("application", file(f"opt/bin/{name}", content, 0o755))
    app.components = [Component("application", asked=True, files=(f"opt/bin/{name}",))]
    made = build.build(name, Source([app], AMD64, below), spec, top / f"{name}-latest-oci", 1000)
    record.save(made.image, made.record)
    return made


def on_a_base(top: Path) -> Built:
    """One whose base image is another one, which has a package that it needs, and a part of the same name."""
    return built(top, built(top, name="base", install="libgreet1").image.layout)


def subject(made: Built) -> Subject:
    return Subject(made.image, made.record)


def published(made: Built, key: PrivateKey | None = None, *, sbom: bool = True) -> Built:
    asked = Asked(made.image.name.rpartition("/")[2].partition(":")[0], "tree", Spec())
    publish.publish(made.image, made.record, asked if sbom else None, key)
    return made


def key_pair(directory: Path, name: str = "key", *options: str) -> tuple[Path, Path]:
    """A private and a public key; *options* for openssl genpkey."""
    private, public = directory / f"{name}.pem", directory / f"{name}.pub"
    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    _openssl("genpkey", *(options or curve), "-out", str(private))
    _openssl("pkey", "-in", str(private), "-passin", "pass:secret", "-pubout", "-out", str(public))
    return private, public


def _openssl(*words: str) -> None:
    subprocess.run(("openssl", *words), check=True, capture_output=True)
