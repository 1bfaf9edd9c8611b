"""Does the same to several things at once, and no more of it when the caller leaves, also with Ctrl-C."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

AT_ONCE = 4

Thing = TypeVar("Thing")
Tell = Callable[[bytes], None]


def each(
    things: Iterable[Thing], work: Callable[[Thing, Tell], None], leave: Callable[[], None]
) -> Iterator[bytes]:
    """Do *work* to each of *things* in threads that this does not wait for when it is left early.

    :param work: Gets one of them, and a function to tell what it has done, in any thread.
    :param leave: Called by each thread when there is no more to do.
    :returns: What *work* has told, when it does.
    :raises Exception: The first that *work* raised; nothing new is begun then.
    """
    waiting, told = deque(things), SimpleQueue[bytes | BaseException | None]()

    def thread() -> None:
        failure = None
        try:
            while waiting:
                try:
                    thing = waiting.popleft()
                except IndexError:  # another thread was quicker
                    break
                work(thing, told.put)
        except BaseException as error:  # for the caller
            failure = error
        leave()
        told.put(failure)

    running = min(AT_ONCE, len(waiting))
    for _ in range(running):
        threading.Thread(target=thread, daemon=True).start()
    try:
        while running:
            said = told.get()
            if isinstance(said, BaseException):
                raise said
            elif said is None:
                running -= 1
            else:
                yield said
    finally:
        waiting.clear()
