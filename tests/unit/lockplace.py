"""A directory with container.yaml and a feed, in which container-build runs."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
from pathlib import Path

import pytest

from devtool_plugins import container_build
from devtool_plugins.session import Session
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.sdk.workspace import Sdk
from sdk_hooks.core.ui import Ui

from .debmaker import deb, member

SPEC = "install: [app]\nfeeds: [feed]\nentrypoint: /usr/bin/app\n"


def package(feed: Path, name: str, version: str = "1.0", depends: str = "", text: str = "") -> Path:
    """A package of one file in *feed*; *text* makes another one of the same version."""
    control = f"Depends: {depends}\nSource: {name}-src\n" if depends else f"Source: {name}-src\n"
    content = f"#!{name} {version} {text}".encode()
    return deb(feed, name, member(f"./usr/bin/{name}", content, mode=0o755), version=version, control=control)


def skeleton(feed: Path, version: str = "1") -> Path:
    return deb(feed, "base-files", member("./etc/"), member(f"./var/{version}/", kind=b"5"), version=version)


def index(feed: Path) -> None:
    """Write `Packages` of what is in *feed*."""
    records = []
    for path in sorted(feed.glob("*.deb")):
        name, version, _ = path.stem.split("_")
        raw = path.read_bytes()
        depends = "Depends: lib\n" if name == "app" else ""
        records.append(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nSource: {name}-src\n{depends}"
            f"Filename: ./{path.name}\nSize: {len(raw)}\nSHA256: {hashlib.sha256(raw).hexdigest()}\n"
        )
    (feed / "Packages").write_text("\n".join(records))


class Project:
    """Needs `app` and, because of it, `lib` of the directory `feed`."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch, spec: str = SPEC) -> None:
        self.top, self.feed, self.lock = top, top / "feed", top / "container.lock"
        self.monkeypatch = monkeypatch
        self.sdk: Sdk | None = None
        (top / "container.yaml").write_text(spec)
        package(self.feed, "app", depends="lib")
        package(self.feed, "lib")
        skeleton(self.feed)
        monkeypatch.chdir(top)
        self.forget()

    def forget(self) -> None:
        """Be on another machine: nothing is in the cache."""
        number = len(list(self.top.glob("home-*")))
        (self.top / f"home-{number}").mkdir()
        self.monkeypatch.setenv("XDG_CACHE_HOME", str(self.top / f"home-{number}"))

    def build(self, *options: str, name: str = "web") -> str:
        """Run container-build; gives what was told."""
        parser = argparse.ArgumentParser()
        container_build.add_arguments(parser)
        out = ("-o", "images") if not any(option in ("-o",) for option in options) else ()
        story = io.StringIO()
        container_build.build(parser.parse_args([name, *out, *options]), Session(Ui(story), self.sdk))
        return story.getvalue()

    @property
    def digest(self) -> str:
        return Layout(self.top / "images/web-latest-oci").image().digest

    @property
    def versions(self) -> list[str]:
        """Of the packages in the lock."""
        from sdk_hooks.core.bom import lockfile

        return [f"{each.name} {each.version}" for each in lockfile.load(self.lock).packages]

    def change(self, old: str, new: str) -> None:
        """Edit the lock."""
        text = self.lock.read_text()
        assert old in text
        self.lock.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", monkeypatch)


def inode(path: Path) -> int:
    return os.stat(path).st_ino
