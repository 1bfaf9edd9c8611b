"""A feed that changes is noticed at once, and one that does not is not fetched again."""

from __future__ import annotations

import http.server
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.feeds.http import fetch

from .webserver import serving


class Server(http.server.SimpleHTTPRequestHandler):
    """Python's own, which knows If-Modified-Since; it notes what it answers."""

    said: list[int]

    def send_response(self, code: int, message: str | None = None) -> None:
        self.said.append(code)
        super().send_response(code, message)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path, list[int]]]:
    """URL of a file, the file, and the statuses of the answers."""
    file, said = tmp_path / "served" / "Packages", list[int]()
    file.parent.mkdir()
    with serving(type("Handler", (Server,), {"said": said}), file.parent) as host:
        yield f"http://{host}/Packages", file, said


def test_what_has_not_changed_is_not_fetched_again(
    served: tuple[str, Path, list[int]], tmp_path: Path
) -> None:
    url, file, said = served
    target, seen = tmp_path / "got", tmp_path / "seen"
    file.write_text("one")
    os.utime(file, (1000, 1000))
    for _ in range(2):
        fetch(url, target, seen=seen)
        assert target.read_text() == "one"
    assert said == [200, 304]

    file.write_text("two")
    fetch(url, target, seen=seen)
    assert (target.read_text(), said[2:]) == ("two", [200])
    target.unlink()
    fetch(url, target, seen=seen)
    assert (target.read_text(), said[3:]) == ("two", [200])


def test_what_was_written_this_second_is_fetched_again(
    served: tuple[str, Path, list[int]], tmp_path: Path
) -> None:
    """The server's times are in seconds: the second text of one second looks like the first."""
    url, file, said = served
    for text in ("one", "two"):
        file.write_text(text)
        fetch(url, tmp_path / "got", seen=tmp_path / "seen")
        assert (tmp_path / "got").read_text() == text
    assert said == [200, 200]
