"""Runs a command as `python -m devtool_plugins` does, without a process for it: that is test_main.py's."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

from devtool_plugins.__main__ import main


def command(directory: Path, *words: str) -> tuple[int, str]:
    """Exit status and standard error of a command that is called in *directory*."""
    said = io.StringIO()
    with _inside(directory), contextlib.redirect_stderr(said):
        try:
            status = main(words)
        except SystemExit as ended:  # argparse's
            assert isinstance(ended.code, int)
            status = ended.code
    return status, said.getvalue()


@contextlib.contextmanager
def _inside(directory: Path) -> Iterator[None]:
    before = os.open(".", os.O_RDONLY)
    os.chdir(directory)
    try:
        yield
    finally:
        os.fchdir(before)
        os.close(before)
