"""Images on their way into a registry: what is sent, in which order; and trouble got over."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.image import INDEX, Image

from .helpers import file, make
from .pushing import Told, push
from .registrymaker import Handler, Registry, quickly, serving, there
from .supplies import published

__all__ = ["quickly", "there"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    program = file("usr/bin/web", bytes(range(256)) * 4000, 0o755)
    return make(tmp_path_factory.mktemp("image") / "web-latest-oci", program).image


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """An image with documents about it."""
    return published(make(tmp_path_factory.mktemp("image") / "web-latest-oci")).image


def content(image: Image) -> dict[str, bytes]:
    return {each.digest: image.blob(each).read_bytes() for each in (image.config_descriptor, *image.layers)}


def test_all_of_it_is_there_under_its_digest_and_its_tag(image: Image, there: Registry) -> None:
    told = Told()
    pushed = push(image, there, told=told)

    blobs = content(image)
    size = sum(map(len, blobs.values()))
    assert pushed == (f"{there.name}/team/web@{image.digest}", len(blobs), size)
    assert there.blobs == blobs
    raw = image.blob(image.descriptor).read_bytes()
    assert there.manifests == dict.fromkeys(("latest", image.digest), (image.descriptor.media_type, raw))
    assert (told.size, told.total, told.steps) == (size, size, [])
    assert there.asked[-2:] == ["HEAD manifests/latest", "PUT manifests/latest"]


def test_what_is_there_is_only_asked_for(image: Image, there: Registry) -> None:
    first = push(image, there)
    there.asked.clear()

    assert push(image, there) == (first.reference, 0, 0)
    heads = [f"HEAD blobs/{digest}" for digest in content(image)]
    assert sorted(there.asked) == sorted(["GET /v2/", *heads, "HEAD manifests/latest"])


def test_a_change_sends_its_layer_and_the_config(image: Image, there: Registry, tmp_path: Path) -> None:
    first = push(image, there)
    other = make(tmp_path / "2" / "web-latest-oci", file("usr/bin/web", b"#!2", 0o755)).image
    pushed = push(other, there)

    assert pushed.blobs == len(content(other).keys() - content(image).keys())
    assert pushed.reference != first.reference
    assert there.manifests["latest"] == there.manifests[other.digest] != there.manifests[image.digest]


def test_a_tag_that_was_moved_is_moved_back(image: Image, there: Registry) -> None:
    push(image, there)
    there.manifests["latest"] = ("else", b"else")
    there.asked.clear()

    assert push(image, there).blobs == 0
    assert there.manifests["latest"] == there.manifests[image.digest]


def test_what_refers_to_it_comes_before_its_tag_and_is_found(described: Image, there: Registry) -> None:
    image = described
    place = beside(image.layout, REFERRERS)
    entries = json.loads((place / "index.json").read_bytes())["manifests"]
    others = [entry["digest"] for entry in entries if entry["digest"] != image.digest]
    push(image, there)

    assert len(others) == 3
    assert others == [
        line.removeprefix("PUT manifests/") for line in there.asked if "PUT manifests/sha256:" in line
    ]
    tag = image.digest.replace(":", "-")
    assert there.asked[-3:] == [f"PUT manifests/{tag}", "HEAD manifests/latest", "PUT manifests/latest"]
    kind, raw = there.manifests[tag]
    assert kind == INDEX
    listed = json.loads(raw)["manifests"]
    assert [each["digest"] for each in listed] == others
    assert all(each["artifactType"] and each["size"] for each in listed)
    for digest in others:
        manifest = json.loads(there.manifests[digest][1])
        assert manifest["subject"]["digest"] == image.digest
        assert {
            manifest["config"]["digest"],
            *(e["digest"] for e in manifest["layers"]),
        } <= there.blobs.keys()

    there.asked.clear()
    assert push(image, there).blobs == 0
    assert [line for line in there.asked if line.startswith("PUT")] == []


def test_what_others_said_of_the_image_stays_listed(described: Image, there: Registry) -> None:
    image = described
    tag, other = image.digest.replace(":", "-"), {"digest": "sha256:other", "size": 1}
    there.manifests[tag] = (INDEX, json.dumps({"manifests": [other]}).encode())
    push(image, there)

    listed = json.loads(there.manifests[tag][1])["manifests"]
    assert listed[0] == other
    assert len(listed) == 4


def test_a_registry_that_keeps_lists_itself_gets_none(described: Image, there: Registry) -> None:
    image = described
    there.referrers = True
    push(image, there)

    assert image.digest.replace(":", "-") not in there.manifests


def test_nothing_of_another_image_is_pushed(tmp_path: Path, there: Registry) -> None:
    published(make(tmp_path / "web-latest-oci"))
    image = make(tmp_path / "web-latest-oci", file("usr/bin/web", b"x", 0o755)).image

    assert push(image, there).blobs == len(content(image))
    assert set(there.manifests) == {"latest", image.digest}


def test_a_blob_is_gone_on_with_where_the_connection_was_cut(image: Image, there: Registry) -> None:
    """What is there is not sent again, and shown once."""

    def cut(handler: Handler) -> None:
        handler.rfile.read(100)
        handler.reset()

    told = Told()
    there.fail("PUT /up/", cut, times=2)
    pushed = push(image, there, told=told)
    assert there.blobs == content(image)
    assert told.size == told.total == pushed.size


def test_a_blob_whose_answer_was_lost_is_not_sent_again(image: Image, there: Registry) -> None:
    def lose(handler: Handler) -> None:
        digest = f"sha256:{hashlib.sha256(handler.take()).hexdigest()}"
        there.blobs[digest] = handler.take()
        handler.reset()

    there.fail("PUT /up/", lose)
    push(image, there)
    assert sorted(there.sent()) == sorted(content(image))


@pytest.mark.parametrize("act", [Handler.reset, lambda handler: handler.answer(502)], ids=["cut", "502"])
@pytest.mark.parametrize(
    "what", ["GET /v2/", "HEAD blobs/sha", "POST", "HEAD manifests", "PUT manifests", "GET referrers"]
)
def test_each_request_is_made_again(what: str, act: object, described: Image, there: Registry) -> None:
    image = described
    there.fail(what, act, times=2)  # type: ignore[arg-type]  # one of the above
    push(image, there)
    assert there.faults == []
    assert there.manifests["latest"] == there.manifests[image.digest]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_put_may_be_redirected(status: int, image: Image, there: Registry) -> None:
    with serving(Registry()) as other:

        def lead(handler: Handler) -> None:
            handler.answer(status, Location=f"{other.url}{handler.path}")

        count = len(content(image))
        there.fail("PUT /up/", lead, times=count)
        push(image, there)
        assert other.blobs == content(image)


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_wants_patience_gets_it(status: int, image: Image, there: Registry) -> None:
    there.fail("HEAD manifests", lambda handler: handler.answer(status, Retry_After="0"), times=2)
    there.fail(
        "PUT manifests", lambda handler: handler.answer(status, Retry_After=formatdate(time.time() - 9))
    )
    told = Told()
    push(image, there, told=told)
    assert told.steps == [f"{there.name} has too much to do: waiting 0 s"] * 3


@pytest.mark.parametrize("what", ["GET /v2/", "HEAD blobs", "POST", "PUT /up/", "HEAD manifests"])
def test_ctrl_c_ends_it_at_once(what: str, image: Image, there: Registry) -> None:
    """Also what other threads are doing."""
    released, before = threading.Event(), threading.active_count()

    def hold(handler: Handler) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        released.wait(20)
        handler.reset()

    there.fail(what, hold)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            push(image, there)
        assert time.monotonic() - started < 5
        assert there.manifests == {}
    finally:
        released.set()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
