"""Devices by what they are: the question that the probe puts to a target, and what its answer means."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sdk_hooks.container import Device, DeviceMatch
from sdk_hooks.core.deploy.devices import Node, parse
from sdk_hooks.core.deploy.resource import script as resource
from sdk_hooks.core.registry import Plugins
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import DeviceKind
from sdk_hooks.target import Script, Target

CDI = "cdi"
"""The kind of match that is no plugin's."""
_NEAR = 12
"""How many devices are named that were not meant."""
_HINT = "connect it, or load its driver; else change devices: in container.yaml"


@dataclass(frozen=True)
class There:
    """What a target has of the devices that it was asked for."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    """By path."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The lines that a plugin's script printed, by the key of the match."""
    specs: Mapping[str, str] = field(default_factory=dict)
    """The texts of CDI specs by path, in the order that they were found in; only when one was asked for."""


def question(wanted: Iterable[Device | DeviceMatch], plugins: Plugins) -> Script:
    """Commands of the probe that look for *wanted*.

    :raises SdkError: When a match is of a kind that no plugin knows, or makes no sense to it.
    """
    asked = tuple(wanted)
    matches = [match for match in asked if isinstance(match, DeviceMatch)]
    kinds = {m.kind: _checked(m, plugins.device(m.kind)) for m in matches if m.kind != CDI}
    parts = [resource("shown.sh")] if asked else []
    parts += [f"{quoted(('shown', device.source))}\n" for device in asked if isinstance(device, Device)]
    if matches:
        parts.append(library())
    for name, kind in kinds.items():
        parts.append(f"find_{_word(name)}() {{\n{kind.find().rstrip()}\n}}\n")
    for match in matches:
        if match.kind != CDI:
            words = ("answer", key(match), f"find_{_word(match.kind)}", *match.words)
            parts.append(f"{quoted(words)}\n")
    if len(kinds) < len({match.kind for match in matches}):
        parts.append("cdi_specs\n")
    return "".join(parts)


def library() -> Script:
    """The functions that a plugin's script has at hand."""
    return resource("devices.sh")


def answer(facts: Mapping[str, Iterable[str]]) -> There:
    """What the probe's *facts* say about devices."""
    answers: dict[str, tuple[str, ...]] = {}
    for line in facts.get("match", ()):
        known_by, _, said = line.partition(" ")
        answers[known_by] = (*answers.get(known_by, ()), said)
    specs: dict[str, str] = {}
    for line in facts.get("spec", ()):
        if line.startswith("@"):
            path = line[1:]
            specs[path] = ""
        else:
            specs[path] += f"{line[1:]}\n"
    return There(parse(facts.get("node", ())), answers, specs)


def found(match: DeviceMatch, there: There, target: Target) -> tuple[Device, ...]:
    """The nodes of the one device that *match* means.

    :raises SdkError: When there is none, or more than one.
    """
    said = [line.partition(" ")[::2] for line in there.answers.get(key(match), ())]
    lines = [text.partition(" ")[::2] for what, text in said if what == "found"]
    nodes = list(dict.fromkeys(node for _, node in lines))
    if len({hardware for hardware, _ in lines}) > 1:
        raise SdkError(
            f"several devices of {target.name!r} match {str(match)!r}",
            detail=_there_are(_described(node, said) for node in nodes),
            hint="say more of the one that is meant: devices: in container.yaml",
            code="several-devices",
        )
    if not nodes:
        raise _nothing(match, said, target)
    if match.target and len(nodes) > 1:
        raise SdkError(
            f"the device {str(match)!r} of {target.name!r} has {len(nodes)} nodes, which can't have one path",
            detail=_there_are(nodes),
            hint="leave out path:, or say more of the node that is meant: devices: in container.yaml",
            code="several-devices",
        )
    return tuple(Device(node, match.target or node, match.access) for node in nodes)


def _nothing(match: DeviceMatch, said: Iterable[tuple[str, str]], target: Target) -> SdkError:
    texts: dict[str, list[str]] = {}
    for what, text in said:
        texts.setdefault(what, []).append(text)
    return SdkError(
        f"no device of {target.name!r} matches {str(match)!r}",
        detail="\n".join(texts.get("problem", ()))
        or _there_are(texts.get("near", ()))
        or "nothing is like it",
        hint=texts.get("hint", [_HINT])[0],
        code="no-device",
    )


def _described(node: str, said: Iterable[tuple[str, str]]) -> str:
    """*node*, with what tells it from others where its plugin said so."""
    heads = (node, posixpath.basename(node))
    return next((text for what, text in said if what == "near" and text.split()[0] in heads), node)


def _there_are(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    more = [f"and {len(known) - _NEAR} more"] if len(known) > _NEAR else []
    return "\n".join(f"there is {name}" for name in known[:_NEAR]) + "".join(f"\n{text}" for text in more)


def _checked(match: DeviceMatch, kind: DeviceKind) -> DeviceKind:
    """*kind*.

    :raises SdkError: When *match* is nothing that *kind* knows.
    """
    right = all(re.fullmatch(kind.pattern, word) for word in match.words)
    if not right or (len(match.words) != 1 and not kind.pairs):
        raise SdkError(
            f"{', '.join(match.words)!r} is no {match.kind!r} of 'devices'",
            hint=f"{match.kind} wants {kind.values}",
            code="bad-spec",
        )
    return kind


def key(match: DeviceMatch) -> str:
    """What the answers to *match* are known by."""
    return hashlib.sha256("\0".join((match.kind, *match.words)).encode()).hexdigest()[:8]


def _word(name: str) -> str:
    return name.replace("-", "_")
