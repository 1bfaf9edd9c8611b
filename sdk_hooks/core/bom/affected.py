"""What a build would take instead of what its lock has, now that the feeds have moved on."""

from __future__ import annotations

from sdk_hooks.base_images import BaseImage
from sdk_hooks.core.bom.changes import Change, compare
from sdk_hooks.core.bom.lock import Lock
from sdk_hooks.core.feeds import bases, solve, source
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.spec import feeds


def affected(lock: Lock, pool: Pool, base: BaseImage | None = None) -> tuple[Change, ...]:
    """Package by package; empty when the same ones would be taken again.

    :param pool: What the feeds of the image have now: `sdk_hooks.core.feeds.pool.read`.
    :param base: Of which plugin it is.
    :raises SdkError: When what was asked for can't be had any more.
    """
    wanted = map(feeds.wanted, lock.install)
    chosen = bases.choose(pool, base) if base and base.lists else bases.Chosen()
    below = solve.solve(pool, chosen.wanted, alone=chosen.alone).packages
    packages = [*below, *solve.solve(pool, wanted, lock.recommends, have=below).packages]
    first = source.skeleton(pool) if lock.skeleton else []
    before = [*lock.skeleton, *(each for each in lock.packages if each.feed)]
    return compare(before, [source.component(pool, each) for each in (*first, *packages)])
