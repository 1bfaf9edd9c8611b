"""Runs a function in a child that is killed right before it changes the disk for the nth time."""

from __future__ import annotations

import builtins
import gc
import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

from sdk_hooks.core.update import swap

NAMES = ("rename", "replace", "link", "symlink", "mkdir", "unlink", "rmdir")


def killed(work: Callable[[], object], number: int) -> bool:
    """Whether *work* came as far as its change *number*, before which it was killed as by SIGKILL.

    What it makes is gone with the child; what is on disk stays.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            gc.disable()  # it would copy all the memory that the two share
            _count(number)
            work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        assert os.WTERMSIG(ended) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(ended) == 0
    return False


def _count(number: int) -> None:
    """Kill this process before its change *number*: of names, of files that are opened for writing, swaps."""
    left = [number]

    def counted(function: Callable[..., Any], counts: Callable[..., bool] = lambda *_, **__: True) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if counts(*args, **kwargs):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
            return function(*args, **kwargs)

        return call

    for name in NAMES:
        setattr(os, name, counted(getattr(os, name)))
    swap._atomic = counted(swap._atomic)
    builtins.open = counted(open, lambda _, mode="r", *__, **___: mode[0] in "wax")
    shutil.open = builtins.open  # type: ignore[attr-defined]  # as the module sees it
