"""Applications as they go to Kubernetes, made from the text of a container.yaml."""

from __future__ import annotations

from pathlib import Path

from devtool_plugins import settings
from sdk_hooks.core import applications
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import objects, order
from sdk_hooks.core.k8s.app import App, Manifest
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import read

from .helpers import file, make, write

USER = "user: 65532:65532\n"
RECORDED = Path(__file__).parent / "k8s"
"""Manifests as they have to be, and what a real cluster said."""


def parts(directory: Path, text: str) -> tuple[Part, ...]:
    """The containers of *text*; those of an application have images a, b and so on."""
    path = write(directory, {"container.yaml": text, "broker.conf": "port 1\n", "token": "secret"})
    if not applications.several(path / "container.yaml"):
        image = make(directory / "image", spec=read.load(path / "container.yaml")).image
        return (Part(image, settings.of_image(image)),)
    for name in ("a", "b", "c"):
        own = write(directory / name, {"container.yaml": USER})
        program = file(f"usr/bin/{name}", b"#!", 0o755)
        make(directory / f"{name}-latest-oci", program, name=name, spec=read.find(own))
    found = applications.load(path / "container.yaml")
    return applications.assemble(found, path / "container.yaml", directory, settings.of_image)


def app(directory: Path, text: str, version: tuple[int, int] = (1, 32), *, pin: bool = False) -> App:
    """The application of *text* for a cluster of *version*."""
    found = order.members(Order("shop", parts(directory, text), {}))
    pinned = {member.part.name: ("amd64",) for member in found if pin}
    return App("shop", found, "edge", version, pinned)


def manifests(
    directory: Path, text: str, version: tuple[int, int] = (1, 32), *, pin: bool = False
) -> list[Manifest]:
    """All objects of the application of *text*."""
    return objects.manifests(app(directory, text, version, pin=pin), load().network)
