"""Repositories of rpm packages: why they are trusted."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import solve, store
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError

from .helpers import fails
from .rpmmaker import repository, rpm, write_repodata
from .test_feeds_http import Served, served
from .test_feeds_packages import Quiet
from .test_rpm_repositories import FORM, opened

__all__ = ["served"]
needs_gpg = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")),
    reason="gpg is not installed: apt-get install gpg gpgv",
)


class Signer:
    """A key of its own."""

    def __init__(self, home: Path, kind: str = "ed25519") -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True)
        self.run("--batch", "--passphrase", "", "--quick-gen-key", "test@example.org", kind, "sign", "never")
        self.key = home / "key.asc"
        self.key.write_bytes(self.run("--armor", "--export"))

    def run(self, *words: str, content: bytes = b"") -> bytes:
        argv = [
            "gpg",
            "--homedir",
            str(self.home),
            "--no-autostart" if "--export" in words else "--batch",
            *words,
        ]
        return subprocess.run(argv, input=content, capture_output=True, check=True).stdout

    def __call__(self, content: bytes) -> bytes:
        return self.run("--detach-sign", content=content)

    def end(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    made = Signer(tmp_path_factory.mktemp("gnupg") / "h")
    try:
        yield made
    finally:
        made.end()


def brought(found: Pool) -> list[str]:
    have = store.bring(found, solve.solve(found, [wanted("app")]).packages, Quiet())  # type: ignore[arg-type]  # only steps are told
    return [str(each.package) for each in have]


@needs_gpg
def test_a_signed_repomd_vouches_for_all(served: Served, signer: Signer) -> None:
    url, top, _ = served
    rpm(top, "app")
    path = repository(top, FORM) / "repodata" / "repomd.xml"
    path.with_suffix(".xml.asc").write_bytes(signer(path.read_bytes()))
    assert brought(opened(url, key=str(signer.key))) == ["app 1.0-1"]

    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(SdkError, match=r"^the signature of '.*' is not good \[bad-signature\]"):
        opened(top, key=str(signer.key))


@needs_gpg
def test_packages_of_an_unsigned_repomd_have_to_be_signed_each(served: Served, signer: Signer) -> None:
    url, top, _ = served
    rpm(top, "lib")
    rpm(top, "app", requires=["lib"], signer=signer)
    repository(top, FORM)
    with fails(
        f"the package 'lib 1.0-1' of '{url}' is not signed, and a key is given for it [not-signed]\n"
        "  hint: leave the key out, and say trusted=yes, if that is meant"
    ):
        brought(opened(url, key=str(signer.key)))

    rpm(top, "lib", signer=signer)
    shutil.rmtree(top / "repodata")
    for place in (str(top), str(repository(top, FORM))):
        assert brought(opened(place, key=str(signer.key))) == ["lib 1.0-1", "app 1.0-1"]
    rpm(top, "lib", signer=lambda _: signer(b"something else"))
    with pytest.raises(
        SdkError, match=r"^the signature of the package 'lib 1.0-1' is not good \[bad-signature\]"
    ):
        brought(opened(repository(top, FORM), key=str(signer.key)))


@needs_gpg
def test_a_signed_package_in_the_place_of_another_one_is_refused(tmp_path: Path, signer: Signer) -> None:
    rpm(tmp_path, "app", version="1.0", signer=signer)
    [path] = (repository(tmp_path, FORM) / "repodata").glob("*primary.xml.gz")
    text = gzip.decompress(path.read_bytes()).decode().replace('ver="1.0"', 'ver="2.0"')
    write_repodata(tmp_path, {"primary": text})
    with fails(
        "the package 'app 2.0-1' is another one than the index says [wrong-package]\n  it is app 1.0-1 for noarch\n"
        "  hint: the feed is being changed, or damaged: try again"
    ):
        brought(opened(tmp_path, key=str(signer.key)))


def test_a_repository_by_http_wants_a_key_or_a_word(served: Served) -> None:
    url, top, _ = served
    rpm(top, "app")
    repository(top, FORM)
    with fails(
        f"nothing says why the feed '{url}' is to be trusted [not-trusted]\n"
        "  hint: give the public key that signs it: key=FILE; or say trusted=yes"
    ):
        opened(url)
    assert brought(opened(url, trusted=True)) == ["app 1.0-1"]
