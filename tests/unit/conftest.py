"""Keeps every test away from the user's own cache, images and environment."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: the collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_home(own_home: None) -> None:
    """Every test has one."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty install tree."""
    path = tmp_path / "tree"
    path.mkdir()
    return path


@pytest.fixture
def sysroot(tmp_path: Path) -> Path:
    """An empty sysroot."""
    path = tmp_path / "sysroot"
    path.mkdir()
    return path
