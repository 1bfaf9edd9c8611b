"""Package URLs: the names by which scanners of vulnerabilities know packages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.feeds import feed
from sdk_hooks.image import Image


def of_package(component: Component) -> str:
    """The package URL of *component*; empty when it is no package.

    An ipk is `pkg:generic`: the list of types has none for opkg.
    """
    if not component.kind:
        return ""
    kind, vendor = component.kind, component.vendor
    if kind == "deb" and not vendor:
        vendor = "ubuntu" if "ubuntu" in component.version + component.feed else "debian"
    epoch, _, version = component.version.rpartition(":") if kind == "rpm" else ("", "", component.version)
    known = kind if kind in ("deb", "rpm") else "generic"
    source = component.source if component.source != component.name else ""
    facts = {"arch": component.architecture, "distro": _suite(component), "epoch": epoch, "upstream": source}
    return _url(known, vendor, component.name, version, facts)


def of_recipe(component: Component) -> str:
    """The package URL of the recipe of OE that *component* is made of; empty when there is none."""
    if component.vendor != "openembedded" or not component.source:
        return ""
    version = re.sub(r"-r\d[\w.]*$", "", component.version)
    return _url("yocto", "", component.source.lower(), version, {})


def of_image(image: Image) -> str:
    """The package URL of *image*."""
    repository, _, tag = image.name.rpartition(":")
    facts = {"arch": image.platform.architecture, "repository_url": repository, "tag": tag}
    return _url("oci", "", repository.rpartition("/")[2].lower(), image.digest, facts)


def download(component: Component) -> str:
    """Where the file of *component* can be had; empty when that is a directory of one machine, or unknown."""
    found = _feed(component.feed)
    if found is None or found.local or not component.path:
        return ""
    return f"{found.url.rstrip('/')}/{quote(component.path, safe='/~+:%')}"


@cache
def _feed(line: str) -> feed.Feed | None:
    return feed.parse(line) if line else None


def _suite(component: Component) -> str:
    found = _feed(component.feed)
    return found.suite if found and not found.suite.endswith("/") else ""


def _url(kind: str, namespace: str, name: str, version: str, facts: Mapping[str, str]) -> str:
    words = [kind, *filter(None, [namespace]), name]
    path = "/".join(quote(word, safe="-._~") for word in words)
    said = {key: quote(value, safe="-._~:/") for key, value in sorted(facts.items()) if value}
    options = "&".join(f"{key}={value}" for key, value in said.items())
    return f"pkg:{path}@{quote(version, safe='-._~:')}" + (f"?{options}" if options else "")
