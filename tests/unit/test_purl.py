"""Package URLs, as their official library writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from packageurl import PackageURL

from sdk_hooks.core.bom import purl
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.registry import load

from .rpmmaker import rpm

DEBIAN = "http://somebody:secret@deb.debian.org/debian bookworm main key=/etc/key.gpg"


@pytest.mark.parametrize(
    ("component", "url"),
    [
        (
            Component("libstdc++6", "1:12.2-14+deb12u1~x", "amd64", "deb", source="gcc-12", feed=DEBIAN),
            "pkg:deb/debian/libstdc%2B%2B6@1:12.2-14%2Bdeb12u1~x?arch=amd64&distro=bookworm&upstream=gcc-12",
        ),
        (
            Component("curl", "7.5", "all", "deb", source="curl", feed="/srv/feed"),
            "pkg:deb/debian/curl@7.5?arch=all",
        ),
        (
            Component("bash", "5.1-6ubuntu1", "amd64", "deb"),
            "pkg:deb/ubuntu/bash@5.1-6ubuntu1?arch=amd64",
        ),
        (
            Component("libgreet1", "1.0-r0", "amd64", "deb", source="greet", vendor="openembedded"),
            "pkg:deb/openembedded/libgreet1@1.0-r0?arch=amd64&upstream=greet",
        ),
        (
            Component("libgreet1", "1.0-r0", "core2-64", "ipk", source="greet", vendor="openembedded"),
            "pkg:generic/openembedded/libgreet1@1.0-r0?arch=core2-64&upstream=greet",
        ),
        (
            Component("bash", "2:5.1-2.fc39", "x86_64", "rpm", vendor="fedora"),
            "pkg:rpm/fedora/bash@5.1-2.fc39?arch=x86_64&epoch=2",
        ),
    ],
)
def test_a_package_has_a_url_that_the_official_library_would_write(component: Component, url: str) -> None:
    assert purl.of_package(component) == url
    assert PackageURL.from_string(url).to_string() == url


def test_files_that_no_package_brought_have_none() -> None:
    assert purl.of_package(Component("application")) == ""


def test_the_recipe_is_told_of_what_oe_has_built() -> None:
    made = Component("libgreet1", "1.0+git-r0.1", "all", "rpm", source="Greet", vendor="openembedded")

    assert purl.of_recipe(made) == "pkg:yocto/greet@1.0%2Bgit"
    assert PackageURL.from_string(purl.of_recipe(made)).to_string() == purl.of_recipe(made)
    assert purl.of_recipe(Component("curl", "1", "all", "deb", source="curl")) == ""


def test_a_file_of_a_server_is_told_without_user_and_password_and_one_of_this_machine_is_not() -> None:
    assert purl.download(Component("a", feed=DEBIAN, path="pool/a b.deb")) == (
        "http://deb.debian.org/debian/pool/a%20b.deb"
    )
    assert purl.download(Component("a", feed="/home/somebody/feed", path="a.deb")) == ""
    assert purl.download(Component("a", feed="file:///home/somebody/feed", path="a.deb")) == ""
    assert purl.download(Component("application")) == ""


@pytest.mark.parametrize(
    ("release", "vendor", "packager", "told"),
    [
        ("2.fc39", "Fedora Project", "", ("Fedora Project", "fedora")),
        ("r0", "", "Lab <lab@example.org>", ("Lab <lab@example.org>", "openembedded")),
        ("r0.1", "Somebody", "", ("Somebody", "openembedded")),
        ("1", "", "", ("", "")),
    ],
)
def test_an_rpm_says_whose_it_is(
    tmp_path: Path, release: str, vendor: str, packager: str, told: tuple[str, str]
) -> None:
    path = rpm(tmp_path, "a", release=release, tags=[(1011, 6, vendor), (1015, 6, packager)])
    form = load().package_formats()["rpm"]
    with path.open("rb") as stream, form.opened(stream) as opened:
        text = form.described(opened.record, "a.rpm", 1, f"sha256:{'0' * 64}")
    [record] = form.records(text)
    found = form.package(text[record.start : record.end])

    assert (found.supplier, found.vendor) == told
