"""Does one thing to several targets at once; what fails on one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sdk_hooks.core.deploy.connection import Connection, Options, connect, parse
from sdk_hooks.errors import SdkError, of_system

LIMIT = 8
"""Connections at a time."""

Answer = TypeVar("Answer")


def each(
    targets: Sequence[str],
    options: Callable[[str], tuple[str, Options]],
    work: Callable[[Connection], Answer],
    limit: int = LIMIT,
) -> list[Answer | SdkError]:
    """What *work* gives for each of *targets*, in their order, or the error it raised.

    :param options: For a target as the user named it, what to connect to and how.
    :param limit: Connections at a time.
    :raises UsageError: When one of them is no target: nothing was done to the others.
    """
    for target in targets:
        parse(target, Options())

    def one(target: str) -> Answer | SdkError:
        try:
            with connect(*options(target), ahead=False) as connection:
                return work(connection)
        except SdkError as error:
            return error
        except OSError as error:
            return of_system(error)

    if len(targets) == 1:  # in this thread: Ctrl-C arrives where the work is
        return [one(targets[0])]
    with ThreadPoolExecutor(limit) as pool:
        return list(pool.map(one, targets))
