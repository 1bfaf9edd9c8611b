"""publish: what clients find, before, while and after another generation is published."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
import time
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.feeds import feed, pool, store
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.publish import publish as core
from sdk_hooks.core.publish.generation import Place
from sdk_hooks.core.registry import load
from sdk_hooks.core.update import server
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from . import gpgkeys
from .debmaker import deb, member
from .gpgkeys import Key, needs_gpg
from .helpers import fails
from .rpmmaker import File, rpm
from .test_feeds_http import Served, served
from .test_feeds_packages import Quiet

__all__ = ["served"]
needs_createrepo = pytest.mark.skipif(
    not shutil.which("createrepo_c"), reason="createrepo_c is not installed: apt-get install createrepo-c"
)
AMD64 = Platform("amd64")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return gpgkeys.make(tmp_path_factory.mktemp("key"))


def packages(directory: Path, version: str, suffix: str = ".deb") -> Path:
    """Two packages, of which the second is the same in every version."""
    for old in directory.rglob("app*"):
        old.unlink()
    for name, its in (("app", version), ("lib", "1.0")):
        if list(directory.rglob(f"{name}*")):
            continue  # made again it would be another file: gzip says when
        if suffix == ".rpm":
            rpm(directory, name, File(f"/{name}", its.encode()), version=its)
            continue
        path = deb(directory / "all", name, member("./"), member(f"./{name}", its.encode()), version=its)
        path.rename(path.with_suffix(suffix))
    return directory


def publish(top: Path, *options: str) -> int:
    return main(["-q", "publish", str(top), *options])


def read(url: str, **said: object) -> Pool:
    place = feed.Feed(url, **said)  # type: ignore[arg-type]  # fields by name
    return pool.read([place], load().package_formats(), AMD64, lambda _: None, fresh=True)


@pytest.mark.parametrize("kind", ["deb", "ipk", pytest.param("rpm", marks=needs_createrepo)])
@needs_gpg
def test_a_feed_is_read_with_its_key(served: Served, tmp_path: Path, key: Key, kind: str) -> None:
    url, top, _ = served
    source = packages(tmp_path / "in", "1.0", f".{kind}")
    assert publish(top, "--packages", str(source), "--gpg-key", str(key.secret)) == 0

    found = read(f"{url}/current/{kind}", key=str(key.public))
    assert found.form.name == kind
    version = "1.0-1" if kind == "rpm" else "1.0"
    assert [str(each) for name in ("app", "lib") for each in found.named(name)] == [
        f"app {version}",
        f"lib {version}",
    ]
    [have] = store.bring(found, found.named("app"), Quiet())  # type: ignore[arg-type]  # only steps are told
    assert "app" in [entry.path for entry in have.content.entries]


@needs_gpg
def test_a_feed_that_was_changed_after_it_was_signed_is_refused(
    served: Served, tmp_path: Path, key: Key
) -> None:
    url, top, _ = served
    publish(top, "--packages", str(packages(tmp_path / "in", "1.0", ".ipk")), "--gpg-key", str(key.secret))
    listed = top / "current" / "ipk" / "Packages.gz"
    listed.unlink()
    (top / "current" / "ipk" / "Packages").write_text("Package: evil\nVersion: 1\nArchitecture: all\n")

    with pytest.raises(SdkError, match=r"^the signature of '.*' is not good \[bad-signature\]\n"):
        read(f"{url}/current/ipk", key=str(key.public))


def test_the_same_is_no_new_generation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    top, source = tmp_path / "top", packages(tmp_path / "in", "1.0")
    publish(top, "--packages", str(source))
    before = sorted(top.rglob("*"))
    assert publish(top, "--packages", str(source), "--format", "json") == 0

    assert '"new": false' in capsys.readouterr().out
    assert sorted(top.rglob("*")) == before


def test_files_of_the_generation_before_stay_for_those_who_read_its_index(
    served: Served, tmp_path: Path
) -> None:
    url, top, _ = served
    publish(top, "--packages", str(packages(tmp_path / "in", "1.0")))
    old = read(f"{url}/current/deb", trusted=True)
    kept = {path.name: path.stat().st_ino for path in (top / "current/deb/pool").rglob("lib_*")}

    publish(top, "--packages", str(packages(tmp_path / "in", "2.0")))
    [have] = store.bring(old, old.named("app"), Quiet())  # type: ignore[arg-type]  # only steps are told
    assert str(have.package) == "app 1.0"
    assert str(read(f"{url}/current/deb", trusted=True).named("app")[0]) == "app 2.0"
    assert (
        kept.items() <= {path.name: path.stat().st_ino for path in (top / "current").rglob("lib_*")}.items()
    )

    publish(top, "--packages", str(packages(tmp_path / "in", "3.0")))
    assert sorted(path.name for path in (top / "current").rglob("app_*")) == [
        "app_2.0_all.deb",
        "app_3.0_all.deb",
    ]
    assert len(list((top / "generations").iterdir())) == 2


def test_clients_never_see_half_of_a_generation(served: Served, tmp_path: Path) -> None:
    """One publishes all the time; whatever a client reads fits together."""
    url, top, _ = served
    publish(top, "--packages", str(packages(tmp_path / "in", "0.0")))
    ends = threading.Event()

    def go_on() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            goods = core.Goods([packages(tmp_path / "in", f"{number}.0")])
            core.publish(top, goods, load().package_formats(), "")
            ends.wait(0.2)  # a client has the time of one generation for all of its requests

    publisher = threading.Thread(target=go_on)
    publisher.start()
    try:
        seen: set[str] = set()
        until = time.monotonic() + 60
        while len(seen) < 4 and time.monotonic() < until:
            found = read(f"{url}/current/deb", trusted=True)
            [have] = store.bring(found, found.named("app"), Quiet())  # type: ignore[arg-type]  # only steps
            seen.add(have.package.version)
    finally:
        ends.set()
        publisher.join()
    assert len(seen) == 4


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        publish(tmp_path / "top", "--packages", str(packages(tmp_path / "in", "1.0")))
    finally:
        os.umask(umask)

    for path in (tmp_path / "top" / "current").resolve().rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path


def test_what_a_killed_publisher_left_is_removed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.generations / ".new-x").mkdir(parents=True)
    publish(tmp_path, "--packages", str(packages(tmp_path / "in", "1.0")))
    assert [path.name.startswith(".new") for path in place.generations.iterdir()] == [False]


def test_a_damaged_package_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    top, source = tmp_path / "top", packages(tmp_path / "in", "1.0")
    publish(top, "--packages", str(source))
    before = os.readlink(top / "current")
    (source / "bad.deb").write_bytes(b"no package")

    assert publish(top, "--packages", str(source)) == 1
    assert f"error: the package '{source}/bad.deb' is damaged [bad-package]" in capsys.readouterr().err
    assert os.readlink(top / "current") == before
    assert len(list((top / "generations").iterdir())) == 1


@pytest.mark.parametrize(("options", "text"), [
    ((), "there is nothing to publish [usage]\n  hint: say what: --packages DIR, --image NAME, --sdk DIR"),
    (("--packages", "{0}"), "there are no packages in '{0}' [no-packages]\n  looked for .deb, .ipk, .rpm\n"
     "  hint: name where they are built to: --packages tmp/deploy/ipk"),
    (("--sdk", "{0}"), "'{0}' is not what oe-publish-sdk makes [not-published]\n"
     "  it has no conf/sdk-conf-manifest, or no layers/.git\n  hint: make it: oe-publish-sdk INSTALLER.sh DIR"),
    (("--lock", "{0}/none"), "can't read '{0}/none' [no-file]\n  No such file or directory\n"
     "  hint: write it first: container-build NAME --lock"),
])  # fmt: skip
def test_what_can_not_be_published_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], text: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert publish(tmp_path / "top", *(option.format(empty) for option in options)) in (1, 2)
    assert capsys.readouterr().err == f"error: {text.format(empty)}\n"


def test_two_publishers_at_once_are_refused(tmp_path: Path) -> None:
    with (
        Place(tmp_path).making(),
        fails(f"somebody else publishes to '{tmp_path}' [busy]\n  hint: try again"),
        Place(tmp_path).making(),
    ):
        pass


def test_a_key_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_text("no key")
    assert (
        publish(
            tmp_path / "top",
            "--packages",
            str(packages(tmp_path / "in", "1")),
            "--gpg-key",
            str(tmp_path / "key"),
        )
        == 1
    )
    told = capsys.readouterr().err
    assert told.startswith("error: gpg can't sign [no-key]\n")
    assert told.endswith("hint: is it a secret key? gpg --list-secret-keys\n")


@needs_gpg
def test_a_server_is_trusted_by_its_key_or_by_a_word(served: Served, tmp_path: Path, key: Key) -> None:
    url, top, _ = served
    publish(top, "--packages", str(packages(tmp_path / "in", "1.0")), "--gpg-key", str(key.secret))

    assert server.connect(url, str(key.public), False)
    assert server.connect(f"{url}/", "", True)
    with fails(
        f"nothing says why the update server '{url}' is to be trusted [not-trusted]\n"
        "  hint: give the public key that signs it: --key FILE; or say --trusted"
    ):
        server.connect(url, "", False)
    for name in ("published.json.asc",):
        signed = (top / "current" / name).resolve()
        signed.write_bytes(signed.read_bytes().replace(b"\n\n", b"\n\nx", 1))
    with pytest.raises(SdkError, match=r"\[bad-signature\]"):
        server.connect(url, str(key.public), False)


def test_something_else_than_a_published_directory_is_none(served: Served) -> None:
    assert server.connect(served[0], "", False) is None


def test_a_server_of_a_newer_version_is_said(served: Served) -> None:
    url, top, _ = served
    (top / "current").mkdir()
    (top / "current/published.json").write_text(json.dumps({"version": 2}))
    with fails(
        f"'{url}/current/published.json' can't be understood [bad-server]\n  version 2 of it is not known here\n"
        "  hint: was it made by a newer version? update this one"
    ):
        server.connect(url, "", True)
