"""packed.py: what several targets want is made once, each reads at its own pace, and nothing is left."""

from __future__ import annotations

import gzip
import os
import resource
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from sdk_hooks.core import build
from sdk_hooks.core.deploy.compression import Method, among
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.deploy.packed import Packer, Stream, of_archive
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.oci import archive
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Script

from .helpers import AMD64, file, group

UI = Ui(StringIO())
GZIP = among(("gzip",), 100, near=False)


@dataclass
class Counted:
    """A stream that counts how often it is made, and can be held up."""

    content: bytes = b"content" * 1000
    made: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.go.set()

    def make(self) -> Iterator[bytes]:
        self.made += 1
        for at in range(0, len(self.content), 1000):
            yield self.content[at : at + 1000]
            self.go.wait(20)

    def stream(self, key: str = "key") -> Stream:
        return Stream(key, self.make, len(self.content))


def sent(packer: Packer, stream: Stream, place: Path, method: Method = GZIP, command: Script = "") -> int:
    """Send *stream* to *place* on this machine; gives the bytes on the wire."""
    result, wire = packer.send(Local(f"to {place.name}"), stream, method, command or f"cat >{place}", UI)
    assert (result.status, result.error) == (0, "")
    return wire


def test_once_for_all_that_want_the_same(tmp_path: Path) -> None:
    source, places = Counted(), [tmp_path / str(number) for number in range(16)]

    with Packer(16) as packer, ThreadPoolExecutor(16) as pool:
        wires = set(pool.map(lambda place: sent(packer, source.stream(), place), places))

    assert {place.read_bytes() for place in places} == {source.content}
    assert source.made == 1
    assert len(wires) == 1


@pytest.mark.parametrize(("targets", "method"), [(1, GZIP), (2, among((), 100, near=False))])
def test_for_one_or_unpacked_nothing_is_kept(
    tmp_path: Path, targets: int, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Counted()
    with Packer(targets) as packer:
        for name in ("a", "b"):
            sent(packer, source.stream(), tmp_path / name, method)
            assert (tmp_path / name).read_bytes() == source.content
    assert source.made == 2


def test_other_streams_and_other_methods_are_made_apart(tmp_path: Path) -> None:
    one, other = Counted(), Counted(b"else")
    plain = Method("plain", ("cat",), GZIP.pack)
    with Packer(2) as packer:
        for number, (source, key, method) in enumerate(
            [(one, "1", GZIP), (other, "2", GZIP), (one, "1", plain), (one, "1", GZIP)]
        ):
            sent(packer, source.stream(key), tmp_path / str(number), method)

    found = [(tmp_path / str(number)).read_bytes() for number in range(4)]
    assert found[:2] == [one.content, other.content]
    assert gzip.decompress(found[2]) == one.content
    assert (one.made, other.made) == (2, 1)


def test_nobody_waits_for_what_others_lack(tmp_path: Path) -> None:
    """One stream is stuck in its making; another one goes through meanwhile."""
    stuck, other = Counted(), Counted(b"other" * 5000)
    stuck.go.clear()
    with Packer(2) as packer, ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(sent, packer, stuck.stream("stuck"), tmp_path / "stuck")
        sent(packer, other.stream("other"), tmp_path / "other")
        assert (tmp_path / "other").read_bytes() == other.content
        assert not waiting.done()
        stuck.go.set()
        waiting.result(20)
    assert (tmp_path / "stuck").read_bytes() == stuck.content


def test_nobody_waits_for_a_target_that_is_slow(tmp_path: Path) -> None:
    source, gate = Counted(os.urandom(2_000_000)), tmp_path / "gate"
    os.mkfifo(gate)
    with Packer(2) as packer, ThreadPoolExecutor(2) as pool:
        command = f"{{ read x <{gate}; cat >{tmp_path}/slow; }}"
        slow = pool.submit(sent, packer, source.stream(), tmp_path / "slow", command=command)
        sent(packer, source.stream(), tmp_path / "fast")
        assert (tmp_path / "fast").read_bytes() == source.content
        assert not slow.done()
        gate.write_text("go\n")
        slow.result(20)
    assert (tmp_path / "slow").read_bytes() == source.content
    assert source.made == 1


def test_one_target_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    source = Counted(os.urandom(2_000_000))
    with Packer(2) as packer:
        result, _ = packer.send(Local("bad"), source.stream(), GZIP, "{ echo no room >&2; exit 3; }", UI)
        sent(packer, source.stream(), tmp_path / "good")
    assert (result.status, result.error.splitlines()[0]) == (3, "no room")
    assert (tmp_path / "good").read_bytes() == source.content


def test_what_goes_wrong_when_it_is_made_is_told_to_all(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise SdkError("a layer is gone")

    with Packer(2) as packer:
        for _ in range(2):
            with pytest.raises(SdkError, match="a layer is gone"):
                packer.send(Local(), Stream("key", broken, 2), GZIP, f"cat >{tmp_path}/x", UI)


def test_a_full_disk_here_is_not_told_of_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = Counted(os.urandom(3_000_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Packer(2) as packer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
        try:
            with pytest.raises(SdkError) as caught:
                packer.send(Local(), source.stream(), GZIP, "cat >/dev/null", UI)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (
        str(caught.value)
        == f"can't write '{tmp_path}' [unwritable]\n  File too large\n  hint: choose another place: TMPDIR"
    )


def test_the_end_stops_what_is_being_made_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ctrl-C does, which arrives while others still read."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1000)

    def pack(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
        try:
            yield from pieces
        finally:
            ended.set()

    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyboardInterrupt), Packer(2) as packer:
        result, _ = packer.send(Local(), Stream("key", endless, 0), Method("m", ("cat",), pack), "true", UI)
        assert not result.status
        assert list(tmp_path.iterdir()) == []
        raise KeyboardInterrupt
    assert ended.wait(5)
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, files)


def test_the_story_of_one_and_of_several(tmp_path: Path) -> None:
    """What each of several was sent is told packed: unpacked it goes by only once."""
    for targets, told in ((1, "to x: sending: 7.0 KB, "), (2, "to x: sending: 60 B, ")):
        out = StringIO()
        with Packer(targets) as packer:
            packer.send(Local("to x"), Counted().stream(), GZIP, f"cat >{tmp_path}/x", Ui(out))
        assert out.getvalue().startswith(told), out.getvalue()


def test_archives_differ_by_name_and_by_what_is_left_out(tmp_path: Path) -> None:
    groups = [group("low", file("lib", b"1")), group("high", file("usr/bin/web", b"2", 0o755))]
    image = build.build("web", Source(groups, AMD64), Spec(), tmp_path, 1000).image
    view = archive.whole(image)
    lower, upper = image.diff_ids[:2]
    kinds = [("x:1", ()), ("x:2", ()), ("x:1", (lower,)), ("x:1", (upper,)), ("x:1", (lower, upper))]

    streams = [of_archive(view, name, omit) for name, omit in kinds]

    assert len({stream.key for stream in streams}) == len(kinds)
    assert [stream.size for stream in streams] == [sum(map(len, stream.make())) for stream in streams]
    assert of_archive(view, "x:1", (lower, "sha256:other")).key == streams[2].key
