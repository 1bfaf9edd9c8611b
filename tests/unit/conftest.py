"""Keeps the tests away from the user's own cache, images and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

FOREIGN = (
    "SOURCE_DATE_EPOCH",
    "SDKTARGETSYSROOT",
    "SDK_STRICT_PLUGINS",
    "DEVTOOL_CONTAINERS_MACHINES",
    "CONTAINER_SIGN",
    "CONTAINER_VERIFY",
    "COSIGN_PASSWORD",
)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")  # one each: a server may get the port of an earlier test's
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)


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
