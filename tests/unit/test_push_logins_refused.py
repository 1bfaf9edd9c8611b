"""Logins that no registry accepts, or that go nowhere, in exact words."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.image import Image

from .pushing import DENIED, WANTS, image, impatient, own, refused, says
from .registrymaker import Handler, Registry, login, quickly, there

__all__ = ["image", "impatient", "own", "quickly", "there"]
pytestmark = pytest.mark.usefixtures("impatient")


def test_nobody_is_logged_in(image: Image, there: Registry) -> None:
    there.basic = "me:secret"
    refused(image, there, WANTS)


def test_the_password_is_wrong_and_is_not_told(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.basic = "me:secret"
    path = login(tmp_path, monkeypatch, there.name, "me:geheim")
    refused(
        image,
        there,
        f"the registry 'REGISTRY' does not accept the login in '{path}' [not-logged-in]\n  hint: log in again: skopeo login REGISTRY",
    )


def test_a_token_server_does_not_know_the_login(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.bearer = f'Bearer realm="{there.url}/token"'
    there.fail("GET /token", says(401), times=2)
    refused(image, there, WANTS)
    path = login(tmp_path, monkeypatch, there.name, "me:geheim")
    refused(
        image,
        there,
        f"the registry 'REGISTRY' does not accept the login in '{path}' [not-logged-in]\n  hint: log in again: skopeo login REGISTRY",
    )


def granted(handler: Handler) -> None:
    handler.answer(200, b'{"token": "an0ther"}')


def test_a_token_without_the_right(
    image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there.bearer = f'Bearer realm="{there.url}/token"'
    there.fail("GET /token", granted, times=2)
    refused(image, there, WANTS)
    login(tmp_path, monkeypatch, there.name, "me:secret")
    refused(image, there, DENIED.format("it answers 401 Unauthorized"))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": ""}']
)
def test_a_token_server_gives_none(image: Image, there: Registry, body: bytes) -> None:
    there.bearer = f'Bearer realm="{there.url}/token?secret"'
    there.fail("GET /token", says(200, body=body or b" "))
    refused(
        image,
        there,
        "'http://REGISTRY' gives no token for the registry 'REGISTRY' [no-token]\n  it answers 200 OK\n"
        "  hint: is it the right server? the registry's own configuration names it",
    )


@pytest.mark.parametrize("url", ["ftp://a/", "http://[", "http://a:x/", "http://a/\xe9"])
def test_it_leads_nowhere(image: Image, there: Registry, url: str) -> None:
    there.uploads = url
    text = "the registry 'REGISTRY' leads to no address [registry-refused]\n  {} is not one of HTTP\n  hint: its configuration, or that of a proxy before it, is wrong"
    refused(image, there, text.format("its Location"))
    there.bearer = f'Bearer realm="{url}"'
    refused(image, there, text.format("the realm of its tokens"))
