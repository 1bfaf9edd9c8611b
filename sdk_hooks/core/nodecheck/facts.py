"""What the probe of a node said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Lines of the probe by their first word, in their order."""

    said: Mapping[str, tuple[str, ...]]
    skew: float = 0.0
    """Seconds that its clock is ahead of this machine's, as far as is certain; negative when it is behind."""
    configured: Mapping[str, str] = field(init=False)
    """Kernel options (without CONFIG_) that are set, and to what."""
    controllers: frozenset[str] = field(init=False)
    """Of control groups, those that can be used: enabled, and mounted."""

    def __post_init__(self) -> None:
        options = (line.partition("=") for line in self.all("option"))
        object.__setattr__(self, "configured", {name: value for name, _, value in options})
        object.__setattr__(self, "controllers", frozenset(self._controllers()))

    def one(self, key: str) -> str:
        return self.said.get(key, ("",))[0]

    def all(self, key: str) -> tuple[str, ...]:
        return self.said.get(key, _NONE)

    def number(self, key: str) -> int:
        """The number that *key* has, 0 when it has none."""
        value = self.one(key)
        return int(value) if value.isdigit() else 0

    def about(self, key: str) -> dict[str, str]:
        """What *key* says of each of its subjects."""
        parts = (line.partition(" ") for line in self.all(key))
        return {subject: rest for subject, _, rest in parts}

    @property
    def built(self) -> frozenset[str]:
        """Controllers that the kernel was built with, also those that are switched off or not mounted."""
        return self.controllers | frozenset(self.about("controller"))

    @property
    def cgroup(self) -> int:
        """Version of the control groups: 1 also for hybrid ones, 0 for none."""
        return self.number("cgroup")

    def _controllers(self) -> Iterable[str]:
        yield from self.one("controllers").split()
        yield from self.one("hybrid").split()
        for name, rest in self.about("controller").items():
            hierarchy, _, enabled = rest.partition(" ")
            if self.cgroup == 1 and enabled == "1" and hierarchy != "0":
                yield name


def parse(output: str, skew: float = 0.0) -> Facts:
    """The facts in *output*."""
    said: dict[str, list[str]] = {}
    for line in output.splitlines():
        key, _, value = line.partition(" ")
        said.setdefault(key, []).append(value.strip())
    return Facts({key: tuple(values) for key, values in said.items()}, skew)
