"""Images are brought to nodes with containerd: only what each lacks, packed once, and kept."""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from lab import NamespaceTarget, Unavailable

from sdk_hooks.core import images
from sdk_hooks.core.deploy import compression, fleet
from sdk_hooks.core.deploy.connection import Connection, Options
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.k8s import preload
from sdk_hooks.core.k8s.app import Copy, preloaded
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.registry import load
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .tester import Cli

pytestmark = pytest.mark.integration
Answer = TypeVar("Answer")
CTR = ("ctr", "-n", "k8s.io")


class Nodes:
    """Boards with containerd, and the ways to them."""

    def __init__(self, boards: list[NamespaceTarget], config: Path) -> None:
        config.write_text("".join(Path(board.ssh_config).read_text() for board in boards))
        self.boards, self.config = boards, str(config)
        store = load().clusters()["k8s"].store("containerd://1.7")
        assert store is not None
        self.store = store

    def bring(self, *wanted: Image) -> list[Brought | SdkError]:
        copies = [Copy(preloaded(image), image) for image in wanted]
        with Packer(len(self.boards)) as packer:
            return self.each(lambda link: preload.bring(link, self.store, copies, Ui(quiet=True), packer))

    def each(self, work: Callable[[Connection], Answer]) -> list[Answer | SdkError]:
        return fleet.each(
            [board.alias for board in self.boards], lambda place: (place, Options(self.config)), work
        )

    def names(self, board: NamespaceTarget) -> list[str]:
        """Those that somebody gave; containerd's CRI plugin has each by its digest, too."""
        found = board.run((*CTR, "images", "ls", "-q")).stdout.decode().split()
        return sorted(name for name in found if not name.startswith("sha256:"))


@pytest.fixture(scope="module")
def nodes(swept: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    boards: list[NamespaceTarget] = []
    try:
        for _ in range(2):
            boards.append(NamespaceTarget("containerd").start())
        yield Nodes(boards, tmp_path_factory.mktemp("nodes") / "ssh_config")
    except Unavailable as reason:
        pytest.skip(str(reason))
    finally:
        for board in boards:
            board.stop()


@pytest.fixture
def versions(cli: Cli, nodes: Nodes) -> tuple[Image, Image]:
    """Of an image, on nodes that have neither."""
    for board in nodes.boards:
        board.run(("sh", "-c", f"{' '.join(CTR)} images rm --sync $({' '.join(CTR)} images ls -q)"))
    return tuple(images.find("tester", cli.home / version, "latest") for version in ("v1", "v2"))  # type: ignore[return-value]  # two


def brought(answers: list[Brought | SdkError]) -> list[Brought]:
    assert not [answer for answer in answers if isinstance(answer, SdkError)], answers
    return [answer for answer in answers if isinstance(answer, Brought)]


def test_two_nodes_are_given_the_same_packed_once(
    nodes: Nodes, versions: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    among = compression.among

    def counted(programs: frozenset[str], size: int, *, near: bool) -> compression.Method:
        method = among(programs, size, near=near)

        def pack(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
            packed.append(size)
            yield from method.pack(pieces)

        return compression.Method(method.name, method.unpack, pack)

    monkeypatch.setattr(compression, "among", counted)
    first, second = versions

    one, other = brought(nodes.bring(first))
    assert one == other
    assert one.layers == len(set(first.diff_ids))
    assert len(packed) == 1

    edit = brought(nodes.bring(second))[0]
    assert edit.layers == len({*second.diff_ids} - {*first.diff_ids})
    assert edit.size < one.size
    assert len(packed) == 2

    assert brought(nodes.bring(second)) == [Brought(0, 0, 0)] * 2
    assert len(packed) == 2
    for board in nodes.boards:
        assert nodes.names(board) == sorted(map(preloaded, versions))
        listed = board.run((*CTR, "images", "ls")).stdout.decode()
        assert listed.count("io.cri-containerd.pinned=pinned") == 2


def test_a_node_that_lacks_more_is_given_more(nodes: Nodes, versions: tuple[Image, Image]) -> None:
    first, second = versions
    behind = Nodes(nodes.boards[:1], Path(f"{nodes.config}-one"))
    brought(behind.bring(first))

    has, lacks = brought(nodes.bring(second))

    assert has.layers == len({*second.diff_ids} - {*first.diff_ids})
    assert lacks.layers == len({*second.diff_ids})


def test_one_node_that_takes_nothing_leaves_the_other_alone(
    nodes: Nodes, versions: tuple[Image, Image]
) -> None:
    good, bad = nodes.boards
    bad.stop_engine()
    try:
        answers = nodes.bring(versions[0])
    finally:
        bad.start_engine()
    assert isinstance(answers[0], Brought)
    assert isinstance(answers[1], SdkError)
    assert str(answers[1]).startswith(
        f"the images of the node '{bad.alias}' can't be listed [no-node-images]"
    )
    assert nodes.names(good) == [preloaded(versions[0])]


def test_versions_that_nothing_uses_are_forgotten(nodes: Nodes, versions: tuple[Image, Image]) -> None:
    second = preloaded(versions[1])
    brought(nodes.bring(*versions))

    nodes.each(lambda link: preload.forget(link, nodes.store, [second], {second}, lambda: set()))

    for board in nodes.boards:
        assert nodes.names(board) == [second]
        left = board.run((*CTR, "content", "ls", "-q")).stdout.decode().split()
        assert versions[1].diff_ids[1] in left
        assert versions[0].diff_ids[1] not in left, "its layers are still there"


def test_what_another_name_has_stays(nodes: Nodes, versions: tuple[Image, Image]) -> None:
    """The CRI plugin's own name of an image goes with the last of the others only."""
    name, board = preloaded(versions[0]), nodes.boards[0]
    brought(nodes.bring(versions[0]))
    board.run((*CTR, "images", "tag", name, "localhost/mine:1"))

    nodes.each(lambda link: preload.forget(link, nodes.store, [name], set(), lambda: set()))

    assert nodes.names(board) == ["localhost/mine:1"]
    assert nodes.names(nodes.boards[1]) == []
    listed = board.run((*CTR, "images", "ls", "-q")).stdout.decode().split()
    assert len(listed) == 2
