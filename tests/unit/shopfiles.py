"""What the tests of k8s-deploy's files share: where they are written, and how they are read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.k8s import yamlfiles

from .shop import shop


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an application and its images, where the commands run; there is no kubectl."""
    shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def run(*words: str) -> int:
    return main(["k8s-deploy", *words, "-o", "."])


def read(path: Path) -> Any:
    (found,) = yamlfiles.documents(path.read_text(), str(path))
    return found
