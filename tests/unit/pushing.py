"""Pushing images in tests, and what such a push is to end with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.push import link, registry
from sdk_hooks.core.push.registry import Pushed
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .helpers import file, make
from .registrymaker import Handler, Registry

Said = Callable[[Handler], None]


WANTS = "the registry 'REGISTRY' wants a login [not-logged-in]\n  hint: log in: skopeo login REGISTRY"


DENIED = (
    "the registry 'REGISTRY' does not let you push to 'team/web' [registry-denied]\n  {}\n"
    "  hint: ask for the right to, or log in as somebody who has it: skopeo login REGISTRY"
)


class Told:
    """Progress, kept."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.size = self.total = 0

    def step(self, text: str) -> None:
        self.steps.append(text)

    def bytes(self, stream: Iterator[bytes], total: int, label: str) -> Iterator[bytes]:
        self.total = total
        for piece in stream:
            self.size += len(piece)
            yield piece


def push(image: Image, there: Registry, prefix: str = "/team", told: Told | None = None) -> Pushed:
    return registry.push(image, registry.parse(f"{there.url}{prefix}"), told or Told())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "WAITING", 0.2)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """One for all, which nobody may change."""
    return make(tmp_path_factory.mktemp("image") / "web-latest-oci").image


@pytest.fixture
def own(tmp_path: Path) -> Image:
    """One that may be changed, with a layer that no buffer of a connection takes in whole."""
    return make(tmp_path / "web-latest-oci", file("usr/bin/web", bytes(range(256)) * 40000, 0o755)).image


def says(status: int, *problems: tuple[str, str], body: bytes = b"", **headers: str) -> Said:
    """Answer so."""
    content = {"errors": [{"code": code, "message": message} for code, message in problems]}
    return lambda handler: handler.answer(
        status, body or (json.dumps(content).encode() if problems else b""), **headers
    )


def refused(image: Image, there: Registry, text: str, prefix: str = "/team") -> None:
    """Push, which has to fail with *text*, and without a manifest."""
    with pytest.raises(SdkError) as caught:
        push(image, there, prefix)
    told = str(caught.value).replace(there.name, "REGISTRY")
    assert re.sub(r"sha256:[0-9a-f]{12}\b", "sha256:DIGEST", told) == text
    assert "latest" not in there.manifests
