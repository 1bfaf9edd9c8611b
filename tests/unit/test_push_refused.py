"""What keeps an image from getting into a registry that is reached, in exact words."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import threading
from dataclasses import replace
from http.client import responses
from pathlib import Path

import pytest

from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.push import wire
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .helpers import fails, make
from .pushing import DENIED, WANTS, Said, image, impatient, own, push, refused, says
from .registrymaker import Handler, Registry, quickly, serving, there
from .supplies import published

__all__ = ["image", "impatient", "own", "quickly", "there"]
pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (says(404), "404 Not Found"),
        (says(200, body=b"<html>", Content_Type="text/html; charset=utf-8"), "200 OK"),
        (says(401), "401 Unauthorized"),
    ],
)
def test_it_is_no_registry(image: Image, there: Registry, act: Said, state: str) -> None:
    there.header = False
    there.fail("GET /v2/", act)
    if state.startswith("401"):
        return refused(image, there, WANTS)
    return refused(
        image,
        there,
        f"what answers at 'http://REGISTRY' is no registry [no-registry]\n  'http://REGISTRY/v2/' gives {state}\n"
        "  hint: are host and port right?",
    )


def test_redirects_in_a_circle_end(image: Image, there: Registry) -> None:
    there.fail("PUT manifests", lambda handler: handler.answer(307, Location=handler.path), times=9)
    refused(
        image,
        there,
        "the registry 'REGISTRY' did not take the manifest [registry-refused]\n  it answers 307 Temporary Redirect",
    )


ANSWERS = {
    "pushing is denied": (
        "POST",
        says(403, ("DENIED", "requested access\n  is \x1b[31mdenied")),
        DENIED.format("DENIED: requested access is [31mdenied"),
    ),
    "all is denied": ("GET /v2/", says(403, ("DENIED", "no")), DENIED.format("DENIED: no")),
    "its name is invalid": (
        "POST",
        says(400, ("NAME_INVALID", "invalid repository name")),
        "the registry 'REGISTRY' takes no repository 'team/web' [registry-name]\n  NAME_INVALID: invalid repository name\n"
        "  hint: make it there first, or push below a path that is there: HOST/PATH",
    ),
    "its name is unknown": (
        "POST",
        says(404, ("NAME_UNKNOWN", "repository name not known to registry")),
        "the registry 'REGISTRY' takes no repository 'team/web' [registry-name]\n  NAME_UNKNOWN: repository name not known to registry\n"
        "  hint: make it there first, or push below a path that is there: HOST/PATH",
    ),
    "too large": (
        "PUT /up/",
        says(413, body=b"<html>"),
        f"the registry 'REGISTRY' has no room for the blob sha256:DIGEST [registry-full]\n  it answers 413 {responses[413]}\n"
        "  hint: allow larger uploads there, or in the proxy before it: client_max_body_size 0",
    ),
    "no space": (
        "PUT /up/",
        says(507),
        "the registry 'REGISTRY' has no room for the blob sha256:DIGEST [registry-full]\n  it answers 507 Insufficient Storage\n"
        "  hint: free some there, or ask for a larger quota",
    ),
    "disk full": (
        "PUT /up/",
        says(
            500,
            body=b'{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"Enclosed":{"Err":28}}}]}',
        ),
        "the registry 'REGISTRY' has no room for the blob sha256:DIGEST [registry-full]\n  UNKNOWN: unknown error\n"
        "  hint: free some there, or ask for a larger quota",
    ),
    "quota": (
        "PUT manifests",
        says(403, ("DENIED", "Quota exceeded when processing the request")),
        "the registry 'REGISTRY' has no room for the manifest [registry-full]\n  DENIED: Quota exceeded when processing the request\n"
        "  hint: free some there, or ask for a larger quota",
    ),
    "digest": (
        "PUT /up/",
        says(400, ("DIGEST_INVALID", "provided digest did not match uploaded content")),
        "the registry 'REGISTRY' got another blob sha256:DIGEST than was sent [blob-rejected]\n"
        "  DIGEST_INVALID: provided digest did not match uploaded content\n  hint: something on the way changes it: a proxy?",
    ),
    "manifest's digest": (
        "PUT manifests",
        says(201, Docker_Content_Digest="sha256:else"),
        "the registry 'REGISTRY' got another manifest than was sent [blob-rejected]\n  it answers 201 Created\n"
        "  hint: something on the way changes it: a proxy?",
    ),
    "manifest": (
        "PUT manifests",
        says(400, ("MANIFEST_INVALID", "manifest invalid"), ("A", ""), ("", "b")),
        "the registry 'REGISTRY' did not take the manifest [registry-refused]\n  MANIFEST_INVALID: manifest invalid\n  A\n  b",
    ),
    "no upload": (
        "POST",
        says(202),
        "the registry 'REGISTRY' did not take the blob sha256:DIGEST [registry-refused]\n  it answers 202 Accepted",
    ),
    "head": (
        "HEAD blobs",
        says(418),
        "the registry 'REGISTRY' did not take the question what is there [registry-refused]\n  it answers 418 I'm a Teapot",
    ),
    "busy": (
        "HEAD blobs",
        says(429, Retry_After="3600"),
        "the registry 'REGISTRY' has too much to do [registry-busy]\n  it answers 429 Too Many Requests\n  hint: try again in 3600 s",
    ),
    "busy at once": (
        "GET /v2/",
        says(503),
        "the registry 'REGISTRY' has too much to do [registry-busy]\n  it answers 503 Service Unavailable\n  hint: try again later",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_it_says_no(case: str, image: Image, there: Registry) -> None:
    pattern, act, text = ANSWERS[case]
    there.fail(pattern, act)
    refused(image, there, text)


@pytest.mark.parametrize("pattern", ["GET /v2/", "HEAD blobs", "POST", "PUT /up/", "PUT manifests"])
def test_the_connection_is_cut_each_time(pattern: str, image: Image, there: Registry) -> None:
    there.fail(pattern, Handler.reset, times=20)
    with pytest.raises(SdkError) as caught:
        push(image, there)
    what, why, hint = str(caught.value).splitlines()
    assert what == f"the connection to the registry {there.name!r} was cut [registry-cut]"
    assert why.startswith("  3 times, at last: ")
    assert hint == "  hint: what has arrived stays there: try again"
    assert len([line for line in there.asked if line.startswith(pattern)]) in range(3, 10)


def test_it_fails_each_time(image: Image, there: Registry) -> None:
    there.fail("PUT manifests", says(502, body=b"<html>"), times=3)
    refused(
        image,
        there,
        "the registry 'REGISTRY' fails [registry-fails]\n  3 times, at last: it answers 502 Bad Gateway\n  hint: its log says why",
    )


def test_it_goes_away_for_good(image: Image, there: Registry) -> None:
    """Its port is closed while the push goes on."""
    with serving(Registry()) as short:

        def leave(handler: Handler) -> None:
            closing = threading.Thread(target=handler.server.shutdown)
            closing.start()
            closing.join()
            handler.server.server_close()
            handler.reset()

        short.fail("HEAD manifests", leave)
        refused(
            image,
            short,
            "can't reach the registry 'REGISTRY' [registry-unreachable]\n  connection refused\n  hint: is it running, and is that its port?",
        )


def test_it_hangs(image: Image, there: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PATIENCE", 0.1)
    released = threading.Event()
    there.fail("HEAD manifests", lambda _: released.wait(10) and None, times=3)
    try:
        refused(
            image,
            there,
            "the connection to the registry 'REGISTRY' was cut [registry-cut]\n  3 times, at last: timed out\n  hint: what has arrived stays there: try again",
        )
    finally:
        released.set()


def test_who_hangs_up_in_the_middle_of_a_blob_is_heard(own: Image, there: Registry) -> None:
    def early(handler: Handler) -> None:
        handler.rfile.read(100)
        handler._taken = b""
        handler.answer(413)
        handler.close_connection = True

    there.fail("PUT /up/", early, times=9)
    with pytest.raises(
        SdkError, match=r"^the registry '.*' has no room for the blob sha256:\w+ \[registry-full\]\n"
    ):
        push(own, there)


@pytest.mark.parametrize("how", ["changed", "short", "long", "gone"])
def test_a_blob_here_is_not_what_it_should_be(how: str, own: Image, there: Registry) -> None:
    path = own.blob(own.layers[-1])
    content = path.read_bytes()
    path.unlink()
    if how != "gone":
        path.write_bytes(
            {"changed": content.replace(b"web", b"WEB"), "short": content[:-1], "long": content + b"x"}[how]
        )
    text = (
        f"'{path}' is not what the image's manifest says [image-changed]\n"
        "  hint: was the image built again meanwhile? push it again; else build it again"
    )
    refused(own, there, text)


def test_a_blob_here_can_not_be_read(own: Image, there: Registry) -> None:
    path = own.blob(own.layers[-1])
    path.unlink()
    path.mkdir()
    refused(own, there, f"can't read '{path}' [unreadable]\n  Is a directory")


def test_a_manifest_here_is_not_what_it_should_be(own: Image, there: Registry) -> None:
    path = own.blob(own.descriptor)
    path.write_bytes(b"{}")
    refused(
        own,
        there,
        f"'{path}' is not what the image's manifest says [image-changed]\n"
        "  hint: was the image built again meanwhile? push it again; else build it again",
    )


def test_damaged_referrers_are_told_before_anything_is_asked(tmp_path: Path, there: Registry) -> None:
    image = published(make(tmp_path / "web-latest-oci")).image
    place = beside(image.layout, REFERRERS)
    (place / "index.json").write_text('{"manifests": [{"artifactType": "x"}]}')
    with fails(f"'{place}' is damaged [bad-layout]\n  'mediaType'\n  hint: build the image again"):
        push(image, there)
    (place / "index.json").write_text("{")
    with pytest.raises(SdkError, match=r"is damaged \[bad-layout\]\n  Expecting property name"):
        push(image, there)
    assert there.asked == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("localhost/Web:1", "'team/Web' is no name of a repository [registry-name]\n  hint: lower-case letters, digits, and . _ - between them; 255 characters with the registry"),
        (f"localhost/{'a' * 250}:1", f"'team/{'a' * 250}' is no name of a repository [registry-name]\n  hint: lower-case letters, digits, and . _ - between them; 255 characters with the registry"),
        ("localhost/web:a+b", "'a+b' is no tag [registry-name]\n  hint: use letters, digits, and . _ -"),
    ],
)  # fmt: skip
def test_a_name_that_no_registry_takes(name: str, text: str, image: Image, there: Registry) -> None:
    assert Layout(image.layout).image() == image
    refused(replace(image, name=name), there, text)
    assert there.asked == []
