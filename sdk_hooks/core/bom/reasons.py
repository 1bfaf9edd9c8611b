"""Why a component is in an image: the shortest way to it from what was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from sdk_hooks.core.bom.component import Component


def chains(components: Sequence[Component]) -> dict[str, tuple[str, ...]]:
    """For each name the names from what was asked for to it, each needing the next one.

    What is not needed by anything that was asked for is reached from what nothing needs; of components
    that only need each other the first one by name stands for that.
    """
    needs = {each.name: sorted(each.needs) for each in components}
    found: dict[str, tuple[str, ...]] = {}
    _reach((each.name for each in components if each.asked), needs, found)
    needed = {name for each in components for name in each.needs if name != each.name}
    _reach((name for name in needs if name not in found and name not in needed), needs, found)
    for name in sorted(needs):
        if name not in found:
            _reach((name,), needs, found)
    return found


def _reach(starts: Iterable[str], needs: dict[str, list[str]], found: dict[str, tuple[str, ...]]) -> None:
    """Breadth first: the first way to a name is a shortest one."""
    todo = deque(sorted(starts))
    found.update((name, (name,)) for name in todo)
    while todo:
        name = todo.popleft()
        for other in needs.get(name, ()):
            if other in needs and other not in found:
                found[other] = (*found[name], other)
                todo.append(other)
