"""Who pushes, and by which way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdk_hooks.core.push import registry
from sdk_hooks.image import Image

from .pushing import Told, image, push
from .registrymaker import Handler, Registry, login, quickly, serving, there

__all__ = ["image", "quickly", "there"]


def test_an_upload_may_be_led_to_another_host_which_gets_no_login(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(Registry()) as other:
        there.basic, there.uploads = "me:secret", f"{other.url}/up/"
        login(tmp_path, monkeypatch, there.name, "me:secret")
        pushed = push(image, there)

    assert pushed.blobs == len(other.blobs) == len(image.layers) + 1
    assert {shown for _, shown in other.shown} == {""}
    assert {shown for path, shown in there.shown if "manifests" in path} != {""}


def test_a_password_is_shown_once_it_is_asked_for(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.basic = "me:se:cret"
    login(tmp_path, monkeypatch, there.name, there.basic)
    push(image, there)
    without = [path for path, shown in there.shown if not shown]
    assert without == ["/v2/"]


def tokens(handler: Handler) -> None:
    """What a token server answers."""
    handler.answer(200, json.dumps({"token": handler.registry.token}).encode())


def test_tokens_are_fetched_for_the_repository_and_renewed(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.bearer = f'Bearer realm="{there.url}/token?a=b",service="the registry"'
    login(tmp_path, monkeypatch, f"{there.name}/team", "me:secret")

    def expire(handler: Handler) -> None:
        there.token = "an0ther"
        handler.answer(401, WWW_Authenticate=there.bearer)

    there.fail("GET /token", tokens, times=2)
    there.fail("PUT manifests", expire)
    push(image, there)
    asked = "/token?a=b&service=the+registry&scope=repository%3Ateam%2Fweb%3Apull%2Cpush"
    assert [(path, shown) for path, shown in there.shown if "token" in path] == [
        (asked, "Basic bWU6c2VjcmV0")
    ] * 2
    assert there.shown[-1] == ("/v2/team/web/manifests/latest", "Bearer an0ther")


def test_an_anonymous_token_may_do(image: Image, there: Registry) -> None:
    there.bearer = f'bearer realm="{there.url}/token"'
    there.fail("GET /token", tokens)
    assert push(image, there).blobs
    assert [shown for path, shown in there.shown if "token" in path] == [""]


def test_a_token_may_stand_for_a_password(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.bearer = f'Basic realm="no", Bearer realm="{there.url}/token",service=it'
    path = login(tmp_path, monkeypatch, there.name, "me:secret")
    path.write_text(json.dumps({"auths": {there.url: {"identitytoken": "ident1ty"}}}))
    forms = []

    def grant(handler: Handler) -> None:
        forms.append(handler.take())
        handler.answer(200, json.dumps({"access_token": there.token}).encode())

    there.fail("POST /token", grant)
    push(image, there)
    assert forms == [
        b"service=it&scope=repository%3Ateam%2Fweb%3Apull%2Cpush&grant_type=refresh_token"
        b"&client_id=devtool-containers&refresh_token=ident1ty"
    ]


def test_a_proxy_is_used_for_what_is_not_on_this_machine(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", there.url.replace("://", "://some:body@"))
    proxied: list[tuple[str, str]] = []
    original = Handler.serve

    def serve(self: Handler) -> None:
        proxied.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.path = self.path.removeprefix("http://registry.test:5000")
        original(self)

    monkeypatch.setattr(Handler, "do_GET", serve)
    assert push(image, there).blobs
    assert proxied == [("/v2/", "")]
    for name in ("do_HEAD", "do_POST", "do_PUT"):
        monkeypatch.setattr(Handler, name, serve)
    pushed = registry.push(image, registry.parse("http://registry.test:5000/team"), Told())
    assert pushed == (f"registry.test:5000/team/web@{image.digest}", 0, 0)
    assert all(path.startswith("http://registry.test:5000/v2/") for path, _ in proxied[1:])
    assert {shown for _, shown in proxied[1:]} == {"Basic c29tZTpib2R5"}
