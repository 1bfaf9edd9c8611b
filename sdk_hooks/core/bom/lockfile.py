"""Reads and writes container.lock: YAML in one order, that a person can read and git can merge."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sdk_hooks.core import disk
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.lock import Lock, Sources
from sdk_hooks.core.bom.record import Layer
from sdk_hooks.core.bom.revision import Revision
from sdk_hooks.core.spec import kinds, texts
from sdk_hooks.core.spec.document import document
from sdk_hooks.core.spec.kinds import Many, Section, SpecError, Text
from sdk_hooks.errors import SdkError

VERSION = 1
_HEAD = """\
# What container-build put into an image. --lock writes it, --locked builds exactly that again:
# keep it with the sources, and don't edit it.
"""
_DIGEST = r"(?:sha256|sha512|sha1|md5):[0-9a-f]{32,128}"
_NUMBER = re.compile(r"[-+.\d]|0x")


def beside(spec: Path) -> Path:
    """Where the lock of an image is whose container.yaml is, or would be, at *spec*."""
    return spec.with_suffix(".lock")


def load(path: Path) -> Lock:
    """The lock at *path*.

    :raises SdkError: When there is none, it is damaged, or a newer program wrote it.
    """
    if not path.exists():
        what = f"there is no lock '{path}'"
        raise SdkError(what, hint="build with --lock to make it", code="no-lock")
    try:
        node = document(path)
        if node is None:
            raise SpecError(f"{path}: there is nothing in it")
        _check_version(node, path)
        lock: Lock = _LOCK.read(node, "")
    except SpecError as error:
        hint = "take the right one out of git, or make it again with --lock"
        raise SdkError(error.what, detail=error.detail, hint=hint, code="bad-lock") from error
    return lock


def save(path: Path, lock: Lock) -> None:
    """Write *lock* to *path*, which is not touched when it is there already.

    :raises SdkError: When it can't be written.
    """
    text = render(lock).encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == text:
            return
    with disk.writing(path):
        disk.replace(path, text)


def render(lock: Lock) -> str:
    """The text of *lock*: the same for the same lock."""
    packages, skeleton = (list(map(_package_out, each)) for each in (lock.packages, lock.skeleton))
    content = {
        "version": VERSION,
        "name": lock.name,
        "image": lock.image,
        "platform": lock.platform,
        "epoch": lock.epoch,
        "builder": lock.builder,
        "base": lock.base,
        "base_image": lock.base_image,
        "sources": _revision_out(lock.sources.tree) if lock.sources.tree else {},
        "bitbake_layers": [_revision_out(each) for each in sorted(lock.sources.layers, key=lambda r: r.name)],
        "install": list(lock.install),
        "recommends": lock.recommends,
        "setuid": list(lock.setuid),
        "run_scripts": list(lock.run_scripts),
        "skip_scripts": list(lock.skip_scripts),
        "packages": packages,
        "skeleton": skeleton,
        "others": list(lock.others),
        "layers": [{"name": each.comment, "digest": each.digest} for each in lock.layers],
    }
    return _HEAD + yaml.dump(
        _said(content), Dumper=_Dumper, sort_keys=False, width=1 << 20, allow_unicode=True
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of container.lock."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "container.lock",
        **_LOCK.schema(),
    }


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some reader of YAML could take for a number: versions are texts."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  always in
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _NUMBER.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _said(content: Mapping[str, Any]) -> dict[str, Any]:
    """*content* without what is empty."""
    return {key: value for key, value in content.items() if value or type(value) is int}


def _package_out(package: Component) -> dict[str, Any]:
    said = {
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "format": package.kind,
        "source": package.source,
        "feed": package.feed,
        "file": package.path,
        "size": package.size or "",
        "digest": package.digest,
    }
    return _said(said)


def _revision_out(revision: Revision) -> dict[str, Any]:
    said = {
        "name": revision.name,
        "revision": revision.commit,
        "tree": revision.tree,
        "dirty": revision.dirty,
    }
    return _said(said)


def _check_version(node: yaml.Node, path: Path) -> None:
    found = dict(kinds.pairs(node, "")).get("version")
    if found is None:
        raise kinds.fail(node, "it has no version")
    if found.value != str(VERSION):
        raise SdkError(
            f"'{path}' is a lock of version {found.value}, and this program knows {VERSION}",
            hint="take the program that wrote it, or make the lock again with --lock",
            code="bad-lock",
        )


def _inside(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/") or "://" in text:
        raise ValueError(f"{text!r} leads out of the feed")
    return text


def _package(file: str = "", format: str = "", **said: Any) -> Component:
    if said.get("feed") and not (file and said.get("digest")):
        raise ValueError(f"the package {said['name']!r} is out of a feed, and has no 'file' or no 'digest'")
    return Component(path=file, kind=format, **said)


def _revision(revision: str, **said: Any) -> Revision:
    return Revision(commit=revision, **said)


def _lock(
    version: str,  # noqa: ARG001  it was checked before
    sources: Revision | None = None,
    bitbake_layers: tuple[Revision, ...] = (),
    **said: Any,
) -> Lock:
    return Lock(sources=Sources(sources, bitbake_layers), **said)


def _layer(name: str, digest: str) -> Layer:
    return Layer(digest, name)


_digest = partial(kinds.matching, pattern=_DIGEST, what="a digest such as sha256:...")
_REVISION = {
    "revision": kinds.matching("the commit", r"[0-9a-f]{40,64}", "a commit of git"),
    "tree": _digest("of what git has there; locks do not count"),
    "dirty": Text("true when something was changed and not committed", texts.boolean, {"type": "boolean"}),
}
_COUNT = {"type": "integer", "minimum": 0}
_PACKAGE = Section(
    "a package",
    {
        "name": Text("its name"),
        "version": Text("its version"),
        "architecture": Text("in the words of its format"),
        "format": Text("deb, ipk, rpm"),
        "source": Text("the recipe or source package that it is made of"),
        "feed": Text("where it came from, as container.yaml or the command line has it"),
        "file": Text("the path of its file below the feed", _inside),
        "size": Text("of its file in bytes", texts.count, _COUNT),
        "digest": _digest("of its file"),
    },
    _package,
    required=("name", "version", "format"),
)
_LOCK = Section(
    "what an image was built of, exactly",
    {
        "version": Text("of this form", texts.count, {"const": VERSION}),
        "name": Text("the image's, as container-build was given it"),
        "image": _digest("of the image's manifest"),
        "platform": kinds.matching("such as linux/arm64", r"\w+/\w+(/\w+)?", "a platform"),
        "epoch": Text("SOURCE_DATE_EPOCH: no file is younger", texts.count, _COUNT),
        "builder": Text("the version of devtool-containers"),
        "base": _digest("of the base image's manifest"),
        "base_image": Text("what the base was made by, such as small, where it was no image"),
        "sources": Section("the recipe's sources", _REVISION, _revision, required=("revision", "tree")),
        "bitbake_layers": Many(
            "the layers of BitBake, as far as git knows them",
            Section(
                "a layer", {"name": Text("its name"), **_REVISION}, _revision, ("name", "revision", "tree")
            ),
        ),
        "install": Many("the packages that were asked for", Text("a package, such as nginx")),
        "recommends": Text("true or false", texts.boolean, {"type": "boolean"}),
        "setuid": Many("programs that may have the rights of their owner", Text("a glob, or none")),
        "run_scripts": Many("packages whose scripts were really run", Text("a package")),
        "skip_scripts": Many("packages whose scripts were left out", Text("a package")),
        "packages": Many("what is in the image", _PACKAGE),
        "skeleton": Many("packages of which only the list of users and directories was taken", _PACKAGE),
        "others": Many("what is in the image and is no package", Text("what it is")),
        "layers": Many(
            "the image's layers, bottom first, without those of its base",
            Section(
                "a layer",
                {"name": Text("its name"), "digest": _digest("of its content")},
                _layer,
                ("name", "digest"),
            ),
        ),
    },
    _lock,
    required=("version", "name", "image", "platform", "epoch", "builder"),
)
