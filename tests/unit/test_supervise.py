"""none-supervise.sh: what it keeps of what a container says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sdk_plugins.stacks.none import script


def kept(top: Path, said: bytes) -> bytes:
    (top / "log").touch()
    text = script("none-supervise").partition("keep() {")[2].partition("\n}\n")[0]
    subprocess.run(("sh", "-c", f"keep() {{{text}\n}}\nkeep"), cwd=top, input=said, check=True, timeout=20)
    return (top / "log").read_bytes()


def test_lines_are_kept_as_they_are(tmp_path: Path) -> None:
    assert kept(tmp_path, b"a\n\n\0b\nno end") == b"a\n\n\0b\nno end"
    assert kept(tmp_path, b"") == b"a\n\n\0b\nno end"


def test_who_says_much_is_not_held_up_and_the_last_of_it_kept(tmp_path: Path) -> None:
    """Line by line a shell takes minutes for it."""
    assert kept(tmp_path, b"x" * 60_000_000 + b"\nlast\n").endswith(b"x\nlast\n")
    assert (tmp_path / "log.1").stat().st_size <= 2_100_000
