"""Servers that want a user and a password: given in the URL or in ~/.netrc, told to them and to nobody else."""

# ruff: noqa: E501  addresses and messages are read best in one line

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.feeds import feed
from sdk_hooks.core.feeds import http as client

from .helpers import fails
from .lockplace import SPEC, Project, index, project
from .test_feeds_http import Served, Server, served
from .webserver import serving

__all__ = ["project", "served"]

PASSWORD = "s@c/r:t"
IN_URL = "s%40c%2Fr%3At"
KEY = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
SECRETS = [each.encode() for each in (PASSWORD, IN_URL, KEY)]


class Guarded(Server):
    """As `Server`, for who says who he is; what begins with /away is elsewhere."""

    elsewhere: str = ""

    def do_GET(self) -> None:  # noqa: N802  the name that http.server wants
        if self.headers.get("Authorization") != f"Basic {KEY}":
            self.asked.append("refused")
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="feed"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("Location", self.elsewhere + self.path.removeprefix("/away"))
            return self.end_headers()
        return super().do_GET()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[str, Path, type[Guarded]]]:
    """Host and port of a directory that wants a password, the directory, and what serves it."""
    top = tmp_path / "guarded"
    top.mkdir()
    handler = type("Handler", (Guarded,), {"asked": []})
    with serving(handler, top) as host:
        yield host, top, handler


Place = tuple[str, Path, type[Guarded]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NETRC", raising=False)
    return tmp_path / "home"


def netrc(home: Path, text: str) -> None:
    (home / ".netrc").write_text(text)
    (home / ".netrc").chmod(0o600)


def known(home: Path) -> None:
    netrc(home, f"machine 127.0.0.1 login me password {PASSWORD}\n")


def secrets_in(*tops: Path) -> list[Path]:
    """Files that have the password, or are called after it."""
    files = [path for top in tops for path in top.rglob("*") if path.is_file()]
    assert files
    return [p for p in files if any(s in p.read_bytes() or s in bytes(p) for s in SECRETS)]


@pytest.mark.parametrize("how", ["spec", "option", "netrc"])
def test_a_feed_that_wants_a_password_builds_and_nothing_keeps_it(
    project: Project, guarded: Place, home: Path, how: str
) -> None:
    host, top, _ = guarded
    shutil.copytree(project.feed, top, dirs_exist_ok=True)
    index(top)
    with_login, plain = f"http://me:{IN_URL}@{host} trusted=yes", f"http://{host} trusted=yes"
    spec = project.top / "container.yaml"
    spec.write_text(SPEC.replace("[feed]", f"[{with_login if how == 'spec' else plain}]"))
    options = ("--feed", with_login) if how == "option" else ()
    if how == "netrc":
        known(home)
    told = project.build("--lock", *options)
    first = project.digest
    assert f"    feed: http://{host}\n" in project.lock.read_text()

    shutil.rmtree(project.top / "images")
    project.forget()
    told += project.build("--locked", "--output", "oci-archive", *options)
    assert project.digest == first
    assert not any(secret.decode() in told for secret in SECRETS)
    images = project.top / "images"
    if how == "spec":
        spec.unlink()  # which has it, as somebody wrote it there
    written = {path.name.removeprefix("web-latest") for path in images.iterdir()}
    assert written >= {".spdx.json", ".cdx.json", ".provenance.json", "-contents.json", "-request.json"}
    assert f'"feed":"http://{host} trusted=yes"' in (images / "web-latest-contents.json").read_text()
    assert secrets_in(project.top) == []


def test_a_password_as_a_mapping(guarded: Place, tmp_path: Path) -> None:
    from sdk_hooks.core.spec.read import load

    text = f"feeds: [{{url: 'http://me:{IN_URL}@{guarded[0]}', trusted: true}}]\n"
    (tmp_path / "container.yaml").write_text(text)
    [found] = load(tmp_path / "container.yaml").feeds or ()

    assert found.line == f"http://{guarded[0]} trusted=yes"
    assert found.login is not None
    assert (found.login.user, found.login.password) == ("me", PASSWORD)
    assert PASSWORD not in repr(found)


def test_without_a_password_it_says_where_to_write_it(guarded: Place, tmp_path: Path) -> None:
    host, _, handler = guarded

    with fails(
        f"can't fetch 'http://{host}/a' [not-let-in]\n  Unauthorized\n"
        "  hint: write into ~/.netrc: machine 127.0.0.1 login USER password PASSWORD"
    ):
        client.fetch(f"http://{host}/a", tmp_path / "a")
    assert handler.asked == ["refused"]  # once: some servers lock who asks again and again


def test_another_server_is_not_told(guarded: Place, served: Served, tmp_path: Path) -> None:
    host, _, handler = guarded
    url, there, _ = served
    handler.elsewhere = url.replace("127.0.0.1", "localhost")
    (there / "a").write_bytes(b"x")
    heard: list[str] = []
    original = Server.do_GET

    def listening(self: Server) -> None:
        heard.append(self.headers.get("Authorization", "nothing"))
        original(self)

    Server.do_GET = listening  # type: ignore[method-assign]  # of a server of this test
    try:
        login = feed.parse(f"http://me:{IN_URL}@{host}").login
        client.fetch(f"http://{host}/away/a", tmp_path / "a", login=login)
    finally:
        Server.do_GET = original  # type: ignore[method-assign]
    assert (tmp_path / "a").read_bytes() == b"x"
    assert heard == ["nothing"]


def test_a_netrc_that_nobody_understands_is_not_shown(guarded: Place, home: Path, tmp_path: Path) -> None:
    netrc(home, f"machine 127.0.0.1\nlogin me passwort {PASSWORD}\n")

    with fails(
        f"can't understand '{home}/.netrc' [bad-netrc]\n  at line 2\n"
        "  hint: a line of it is: machine HOST login USER password PASSWORD"
    ):
        client.fetch(f"http://{guarded[0]}/a", tmp_path / "a")


def test_a_password_with_a_slash_is_not_shown() -> None:
    with pytest.raises(ValueError, match=r"^the port of its URL is no number: in a password write / as %2F, # as %23$"):  # fmt: skip
        feed.parse("http://me:se/cret@feed.example.org")


@pytest.mark.parametrize("url", ["file:///srv/a@b", "/srv/a@b", "feed@2", "http://h/a@b"])
def test_an_at_sign_of_a_path_stays(url: str) -> None:
    assert feed.parse(url).url == url


def test_an_update_server_has_no_password_in_its_url(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main(["sdk-update", "http://me:secret@updates.example.org", "-o", str(tmp_path), "--check"]) == 2

    assert capsys.readouterr().err == (
        "error: a user or a password is in the URL of the update server 'http://updates.example.org' [usage]\n"
        "  hint: write it into ~/.netrc: machine updates.example.org login USER password PASSWORD\n"
    )
    assert main(["sdk-update", "http://me:s/e@x", "-o", str(tmp_path), "--check"]) == 2
    assert capsys.readouterr().err == (
        "error: the update server: the port of its URL is no number: in a password write / as %2F, # as %23 [usage]\n"
    )


def test_a_feed_of_a_record_of_old_has_no_password() -> None:
    from sdk_hooks.core.bom import purl
    from sdk_hooks.core.bom.component import Component

    of_old = Component("a", "1", "all", "deb", feed="http://me:secret@h/x trusted=yes", path="a.deb")
    assert purl.download(of_old) == "http://h/x/a.deb"
