"""What an image was built of, exactly: enough to build it again, bit by bit, on another machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sdk_hooks.core.bom import builder
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.record import Layer, Record
from sdk_hooks.core.bom.revision import Revision
from sdk_hooks.core.feeds import feed
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.spec.model import Spec


@dataclass(frozen=True)
class Sources:
    """Where a recipe comes from, as far as git knows."""

    tree: Revision | None = None
    """Of the sources under edit."""
    layers: tuple[Revision, ...] = ()
    """BitBake's, by name."""

    @property
    def named(self) -> tuple[tuple[str, Revision], ...]:
        """All of them, and what to call them."""
        tree = (("the sources", self.tree),) if self.tree else ()
        return (*tree, *((f"the layer {each.name}", each) for each in self.layers))


@dataclass(frozen=True)
class Lock:
    """One image. Empty means: it has no such thing, or nobody knows."""

    name: str
    image: str
    """Digest of its manifest."""
    platform: str
    epoch: int
    """SOURCE_DATE_EPOCH."""
    builder: str
    """The version of this program."""
    base: str = ""
    """Digest of the base image's manifest."""
    base_image: str = ""
    """The name of what the base is made by, where it is no image: `small`."""
    sources: Sources = Sources()
    install: tuple[str, ...] = ()
    """The packages that were asked for, sorted."""
    recommends: bool = False
    setuid: tuple[str, ...] = ()
    """Which programs may have rights, and below what is done with packages' scripts; sorted."""
    run_scripts: tuple[str, ...] = ()
    skip_scripts: tuple[str, ...] = ()
    packages: tuple[Component, ...] = ()
    """By name. Those without a feed were built by BitBake."""
    skeleton: tuple[Component, ...] = ()
    """Packages of which only the list of users and directories was taken."""
    others: tuple[str, ...] = ()
    """What is in the image and is no package: only the digests tell whether it is the same."""
    layers: tuple[Layer, ...] = ()
    """Bottom first, without the base's; *comment* is the name."""

    @property
    def counted(self) -> str:
        """How many packages it has, in words."""
        count = len(self.packages)
        return f"{count} package{'' if count == 1 else 's'}"


def of(name: str, record: Record, platform: str, spec: Spec, sources: Sources, base_image: str = "") -> Lock:
    """The lock of the image *name*, which *record* tells of.

    :param spec: What everybody together said about it.
    :param base_image: The name of what its base is made by; empty when that is an image.
    """
    feeds = spec.feeds or ()
    packages = [each for each in record.components if each.kind]
    return Lock(
        name=name,
        image=record.digest,
        platform=platform,
        epoch=record.epoch,
        builder=builder.version(),
        base=record.base,
        base_image=base_image,
        sources=sources,
        install=asked(spec),
        recommends=bool(spec.install and spec.recommends),
        packages=_locked(packages, feeds),
        skeleton=_locked(record.read, feeds),
        others=tuple(sorted({each.name for each in record.components if not each.kind})),
        layers=tuple(named(each) for each in record.layers),
        **allowed(spec),
    )


def asked(spec: Spec) -> tuple[str, ...]:
    """The packages that *spec* asks for, in an order that does not depend on how it is written."""
    return tuple(sorted(map(str, spec.install or ())))


def allowed(spec: Spec) -> dict[str, tuple[str, ...]]:
    """What *spec* lets packages do, by the key of container.yaml; in an order as that of `asked`."""
    said = {"setuid": spec.setuid, "run_scripts": spec.run_scripts, "skip_scripts": spec.skip_scripts}
    return {key: tuple(sorted(set(words or ()))) for key, words in said.items()}


def named(layer: Layer) -> Layer:
    """*layer* without what else its comment says: the packages are told elsewhere."""
    return replace(layer, comment=layer.comment.partition(":")[0])


def _locked(components: Iterable[Component], feeds: Sequence[Feed]) -> tuple[Component, ...]:
    places = {each.line: each.place for each in feeds}
    found = [
        Component(
            each.name,
            each.version,
            each.architecture,
            each.kind,
            each.source,
            each.feed and (places.get(each.feed) or feed.parse(each.feed).place),
            each.path,
            each.size,
            each.digest,
        )
        for each in components
    ]
    return tuple(sorted(found, key=lambda each: (each.name, each.version, each.digest)))
