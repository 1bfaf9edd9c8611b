"""Feeds by HTTP: fetched once, gone on with where the connection ended, and used without a network afterwards."""

# ruff: noqa: E501  addresses and messages are read best in one line

from __future__ import annotations

import hashlib
import http.server
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import feed, pool, signature, solve, store
from sdk_hooks.core.feeds import http as client
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from .debmaker import deb, member
from .helpers import fails
from .test_feeds_packages import Quiet
from .webserver import serving

LISTS = Path("/var/lib/apt/lists")
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Server(http.server.SimpleHTTPRequestHandler):
    """A directory; a file whose name begins with `cut` ends after 1000 bytes each time, and ranges work."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('Range', '')}".strip())
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return super().do_GET()
        start = int(re.sub(r"\D", "", self.headers.get("Range", "")) or 0)
        content = path.read_bytes()[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:1000] if path.name.startswith("cut") else content)
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """URL of a directory, the directory, and what was asked for."""
    top, asked = tmp_path / "served", list[str]()
    top.mkdir()
    handler = type("Handler", (Server,), {"asked": asked})
    with serving(handler, top) as host:
        yield f"http://{host}", top, asked


Served = tuple[str, Path, list[str]]


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_transfer_that_is_cut_off_goes_on(served: Served, tmp_path: Path) -> None:
    url, top, asked = served
    content = bytes(range(256)) * 11
    (top / "cut.bin").write_bytes(content)

    client.fetch(f"{url}/cut.bin", tmp_path / "got", sha256(content))
    assert (tmp_path / "got").read_bytes() == content
    assert asked == ["/cut.bin", "/cut.bin bytes=1000-", "/cut.bin bytes=2000-"]


def test_what_ends_too_early_each_time_is_said(served: Served, tmp_path: Path) -> None:
    url, top, _ = served
    (top / "cut.bin").write_bytes(bytes(5000))

    with fails(
        f"can't fetch '{url}/cut.bin' [no-fetch]\n  the connection ended too early\n  hint: is it right, and the server up?"
    ):
        client.fetch(f"{url}/cut.bin", tmp_path / "got", sha256(bytes(5000)))
    assert not (tmp_path / "got").exists()


def test_something_else_is_not_kept(served: Served, tmp_path: Path) -> None:
    url, top, _ = served
    (top / "a").write_bytes(b"else")

    with pytest.raises(SdkError, match=r"is not what the feed's index says \[wrong-hash\]"):
        client.fetch(f"{url}/a", tmp_path / "got", sha256(b"what the index says"))
    assert list(tmp_path.glob("*got*")) == []


def feed_at(top: Path) -> None:
    """A feed of one package with an index."""
    path = deb(top, "app", member("./usr/bin/app", b"x"))
    text = f"Package: app\nVersion: 1.0\nArchitecture: all\nFilename: ./{path.name}\nSize: {path.stat().st_size}\n"
    (top / "Packages").write_text(f"{text}SHA256: {sha256(path.read_bytes())[7:]}\n")


def test_a_damaged_package_is_called_by_its_address_and_not_kept(served: Served) -> None:
    url, top, _ = served
    feed_at(top)
    path = top / "app_1.0_all.deb"
    path.write_bytes(path.read_bytes()[:-60])
    text = (top / "Packages").read_text()
    size = re.sub(r"Size: \d+", f"Size: {path.stat().st_size}", text.partition("SHA256")[0])
    (top / "Packages").write_text(f"{size}SHA256: {sha256(path.read_bytes())[7:]}\n")
    found = read(url, trusted=True)

    with pytest.raises(SdkError) as caught:
        store.bring(found, solve.solve(found, [wanted("app")]).packages, Quiet())  # type: ignore[arg-type]
    assert caught.value.what == f"the package '{url}/app_1.0_all.deb' is damaged"
    assert list((cache_directory() / "packages").iterdir()) == []


def read(url: str, told: list[str] | None = None, **said: object) -> Pool:
    place = feed.Feed(url, **said)  # type: ignore[arg-type]  # fields by name
    warn = pytest.fail if told is None else told.append
    return pool.read([place], load().package_formats(), Platform("amd64"), warn)


def test_packages_are_fetched_once_and_are_there_without_a_network(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, top, asked = served
    feed_at(top)
    found = read(url, trusted=True)
    store.bring(found, solve.solve(found, [wanted("app")]).packages, Quiet())  # type: ignore[arg-type]
    asked.clear()

    monkeypatch.setattr("sdk_hooks.core.feeds.place.FRESH", -1)
    monkeypatch.setattr(
        "urllib.request.OpenerDirector.open",
        lambda *_, **__: (_ for _ in ()).throw(ConnectionRefusedError(111, "Connection refused")),
    )
    told: list[str] = []
    found = read(url, told, trusted=True)
    [have] = store.bring(found, solve.solve(found, [wanted("app")]).packages, Quiet())  # type: ignore[arg-type]
    assert have.package.name == "app"
    assert f"'{url}/Packages' is not to be had (Connection refused): taken as it was 0 minutes ago" in told
    assert asked == []


def test_a_feed_by_http_wants_a_key_or_a_word(served: Served) -> None:
    url, top, _ = served
    feed_at(top)

    with fails(
        f"nothing says why the feed '{url}' is to be trusted [not-trusted]\n"
        "  hint: give the public key that signs it: key=FILE; or say trusted=yes"
    ):
        (top / "InRelease").write_text("Suite: x\n")
        read(url)


def test_a_feed_without_signature_is_refused_when_a_key_is_given(served: Served) -> None:
    url, top, _ = served
    feed_at(top)

    with fails(
        f"the feed '{url}' is not signed, and a key is given for it [not-signed]\n"
        "  hint: leave the key out, and say trusted=yes, if that is meant"
    ):
        (top / "Release").write_text("Suite: x\n")
        read(url, key=str(KEYS))


@pytest.fixture
def signed() -> bytes:
    """An InRelease of Debian, as apt has fetched it."""
    found = sorted(LISTS.glob("*_InRelease"))
    if not (found and KEYS.exists()):
        pytest.skip("apt has fetched no lists of Debian here: apt-get update")
    return found[0].read_bytes()


def test_a_signature_of_debian_is_good(signed: bytes) -> None:
    text = signature.cleartext("it", str(KEYS), signed)

    assert text.startswith((b"Origin: Debian", b"Codename", b"Suite"))
    assert signature.unchecked(signed).strip() == text.strip()


def test_what_was_changed_after_it_was_signed_is_refused(signed: bytes) -> None:
    with pytest.raises(SdkError, match=r"^the signature of 'it' is not good \[bad-signature\]\n"):
        signature.cleartext("'it'", str(KEYS), signed.replace(b"Suite: ", b"Suite: un"))


def test_a_key_of_somebody_else_is_refused(signed: bytes, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"")

    with pytest.raises(SdkError, match=r"^the signature of 'it' is not good \[bad-signature\]\n"):
        signature.cleartext("'it'", str(tmp_path / "keys"), signed)


def test_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    with fails(
        f"can't read the key '{tmp_path}/none' [no-key]\n  No such file or directory\n"
        "  hint: name the file that has it: key=PATH of the feed"
    ):
        signature.check("it", f"{tmp_path}/none", b"", b"")


@pytest.mark.parametrize("key", ["there", "not there"])
def test_a_key_is_asked_for_also_where_nothing_is_signed(served: Served, tmp_path: Path, key: str) -> None:
    """No InRelease and no Release: whoever sits between would only have to leave them away."""
    url, top, _ = served
    feed_at(top)
    file = tmp_path / "key.asc"
    if key == "there":
        file.write_text("a key")

    with fails(
        f"the feed '{url}' is not signed, and a key is given for it [not-signed]\n"
        "  hint: leave the key out, and say trusted=yes, if that is meant"
    ):
        read(url, key=str(file))
    with fails(
        f"the feed '{top}' is not signed, and a key is given for it [not-signed]\n"
        "  hint: leave the key out, and say trusted=yes, if that is meant"
    ):
        read(str(top), key=str(file))


def test_nothing_signed_and_no_key_wants_a_word(served: Served) -> None:
    url, top, _ = served
    feed_at(top)

    with fails(
        f"nothing says why the feed '{url}' is to be trusted [not-trusted]\n"
        "  hint: give the public key that signs it: key=FILE; or say trusted=yes"
    ):
        read(url)
