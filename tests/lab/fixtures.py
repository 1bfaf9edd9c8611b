"""Fixtures for tests that need a board: import them in a conftest."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .host import Unavailable
from .namespace_target import NamespaceTarget
from .slots import sweep

MakeBoard = Callable[..., NamespaceTarget]


@pytest.fixture(scope="session")
def swept() -> None:
    """Remove what an earlier run left when it was killed."""
    sweep()


@pytest.fixture
def make_board(swept: None) -> Iterator[MakeBoard]:
    """Start boards of one's own, with the arguments of NamespaceTarget; they end with the test."""
    with contextlib.ExitStack() as running:
        yield functools.partial(_start, running)


@pytest.fixture(scope="session")
def shared_board(swept: None) -> Iterator[MakeBoard]:
    """Start boards that end with the session; the same arguments give the same board."""
    with contextlib.ExitStack() as running:
        yield functools.cache(functools.partial(_start, running))


def _start(running: contextlib.ExitStack, *args: Any, **options: Any) -> NamespaceTarget:
    try:
        return running.enter_context(NamespaceTarget(*args, **options))
    except Unavailable as reason:
        pytest.skip(str(reason))
