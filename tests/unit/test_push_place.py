"""How registries are written."""

from __future__ import annotations

import pytest

from sdk_hooks.core.push import place
from sdk_hooks.core.push.place import Place, parse
from sdk_hooks.errors import UsageError

GOOD = {
    "registry.example": Place("registry.example"),
    "registry.example:5000/team": Place("registry.example", 5000, "team"),
    "registry:5000": Place("registry", 5000),
    "Registry.Example/a/b_c__d/": Place("registry.example", None, "a/b_c__d"),
    "http://10.0.0.1:5000": Place("10.0.0.1", 5000, plain=True),
    "https://registry/team": Place("registry", None, "team"),
    "10.0.0.1:5000": Place("10.0.0.1", 5000),
    "localhost:5000/x": Place("localhost", 5000, "x", plain=True),
    "localhost": Place("localhost", plain=True),
    "127.0.0.2:5000": Place("127.0.0.2", 5000, plain=True),
    "https://127.0.0.1:5000": Place("127.0.0.1", 5000),
    "[::1]:5000/x": Place("[::1]", 5000, "x", plain=True),
    "[2001:db8::1]": Place("[2001:db8::1]"),
    "docker.io/user": Place("docker.io", None, "user"),
}
BAD = {
    "": "it is empty",
    "https:///": "it is empty",
    "a.example /x": "it has blanks",
    "ftp://a.example": "it begins with ftp://, and not with http:// or https://",
    "a.example/web@sha256:0000": "it has a digest",
    "a.example/web:1": "it has a tag",
    "a.example/Team": "'Team' has upper-case letters",
    "a.example/team//web": "'team//web' is no path of a repository",
    "a.example/-x": "'-x' is no path of a repository",
    "a.example/x?y": "'x?y' is no path of a repository",
    "a.example:latest": "'latest' is no port",
    "a.example:/x": "'' is no port",
    "a.example:65536": "'65536' is no port",
    "a.example:0": "'0' is no port",
    "a..example": "'a..example' is no host",
    f"{'a' * 64}.example": f"'{'a' * 64}.example' is no host",
    "a_b.example": "'a_b.example' is no host",
    "[::x]:5000": "'[::x]:5000' is no host",
    "[1:2]:5000": "'[1:2]' is no address",
    "team/web": "'team' may be a user's name: write https://team when it is a host's",
    "docker.io": "images there belong to a user: docker.io/USER",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_place_is_read(text: str) -> None:
    assert parse(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert str(caught.value) == (
        f"{text!r} is no registry [usage]\n  {BAD[text]}\n"
        "  hint: write HOST[:PORT][/PATH], such as registry.example:5000/team"
    )


@pytest.mark.parametrize("text", ["me:secret@a.example/x", "https://me:secret@a.example", "a:b@[::1]:5000"])
def test_a_password_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert str(caught.value) == (
        "a registry is named without user and password [usage]\n  hint: log in, once: skopeo login REGISTRY"
    )


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("localhost/web:latest", "team/web", "latest"),
        ("localhost/a/web:1.0", "team/a/web", "1.0"),
        ("registry.example:5000/a/web:1", "team/a/web", "1"),
        ("registry.example:5000/a/web", "team/a/web", "latest"),
        ("web", "team/web", "latest"),
        ("a/web:2", "team/a/web", "2"),
    ],
)
def test_an_image_keeps_its_name_without_its_host(image: str, repository: str, tag: str) -> None:
    assert parse("a.example/team").repository(image) == repository
    assert parse("a.example").repository(image) == repository.removeprefix("team/")
    assert place.tag(image) == tag


def test_docker_hub_answers_at_another_address_and_has_a_key_of_its_own() -> None:
    hub, other = parse("docker.io/me"), parse("http://a.example:80/me")

    assert (hub.name, hub.url, hub.key) == (
        "docker.io",
        "https://registry-1.docker.io",
        "https://index.docker.io/v1/",
    )
    assert (other.name, other.url, other.key) == ("a.example:80", "http://a.example:80", "a.example:80")
