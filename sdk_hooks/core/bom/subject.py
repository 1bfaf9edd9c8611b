"""What the documents about an image are made of, and what they have in common."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sdk_hooks.core import disk
from sdk_hooks.core.bom import purl
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.licenses import Expression, expression
from sdk_hooks.core.bom.record import Record
from sdk_hooks.image import Image

_NAMESPACE = uuid.UUID("7c2c8f0e-3a3b-5d0c-9a55-4b1d0c8f6a11")
"""Of the names that are made of digests; a number like any other."""
_STRANGE = re.compile(r"[^A-Za-z0-9.-]+")
_PERSON = re.compile(r"\s*(.*?)\s*<([^<>\s]+@[^<>\s]+)>")


class Part(NamedTuple):
    """A component with what several documents say of it."""

    component: Component
    id: str
    """A name that no other one has."""
    title: str
    """Its name; files that no package brought are named after the image."""
    license: Expression
    url: str
    """Its package URL; empty when it is no package."""
    recipe: str
    """The package URL of the recipe of OE that it is made of, where there is one."""
    download: str
    """Where its file can be had, where that is known."""
    needs: tuple[int, ...]
    """Places of those that it needs."""


@dataclass(frozen=True)
class Subject:
    """An image with what is known of its content."""

    image: Image
    record: Record

    @property
    def name(self) -> str:
        """`web` of `localhost/web:latest`."""
        return self.image.name.rpartition(":")[0].rpartition("/")[2]

    @property
    def created(self) -> str:
        """SOURCE_DATE_EPOCH: when it was really made is not told, so that it is always the same."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.record.epoch))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The components, the base image's first; where one needs a name of two, the upper is meant."""
        every = self.record.every
        places = {component.name: at for at, component in enumerate(every)}
        licenses = {said: expression(said) for said in {each.license for each in every}}
        return tuple(
            Part(
                each,
                name,
                each.name if each.kind else f"{self.name} ({each.name})",
                licenses[each.license],
                purl.of_package(each),
                purl.of_recipe(each),
                purl.download(each),
                tuple(places[need] for need in each.needs if places.get(need, at) != at),
            )
            for at, (each, name) in enumerate(zip(every, _names(every), strict=True))
        )

    @property
    def own(self) -> range:
        """Places of those that are not the base image's."""
        return range(len(self.record.below), len(self.record.every))


def _names(components: Sequence[Component]) -> Iterator[str]:
    taken: dict[str, int] = {}
    for component in components:
        plain = _STRANGE.sub("-", f"{component.name}-{component.version}").strip("-")
        taken[plain] = taken.get(plain, 0) + 1
        yield plain if taken[plain] == 1 else f"{plain}-{taken[plain]}"


def identity(document: object) -> uuid.UUID:
    """A number that is the same for the same document, and another one for any other."""
    return uuid.uuid5(_NAMESPACE, disk.to_json(document).decode())


def person(said: str) -> tuple[str, str]:
    """Name and address in `name <address>`; the address may be empty."""
    found = _PERSON.match(said)
    return (found[1] or found[2], found[2]) if found else (said.strip(), "")


def homepage(component: Component) -> str:
    """Its homepage, when that is an address."""
    found = re.fullmatch(r"(?:https?|ftp)://[^\s<>\"{}|\\^`]+", component.homepage)
    return found[0] if found else ""
