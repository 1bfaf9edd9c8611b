"""The order in which packages are installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sdk_hooks.packages import Package


def in_order(chosen: Mapping[str, Package], needs: Mapping[str, Iterable[str]]) -> list[Package]:
    """Each after what it needs, where they do not need each other; the same whatever was asked for first."""
    done: dict[str, Package] = {}
    for start in sorted(chosen):
        path: list[tuple[str, Iterator[str]]] = []
        seen = {start}
        path.append((start, iter(needs[start])))
        while path:
            name, below = path[-1]
            following = next((each for each in below if each not in done and each not in seen), None)
            if following is None:
                done.setdefault(name, chosen[name])
                path.pop()
                continue
            seen.add(following)
            path.append((following, iter(needs[following])))
    return list(done.values())
