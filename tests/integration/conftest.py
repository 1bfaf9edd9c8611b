"""Fixtures: the images, built once, and boards of every stack."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import NamespaceTarget, Unavailable
from lab.fixtures import make_board, shared_board, swept

from .cluster import cluster, shared
from .place import Place
from .tester import Cli, build_example, build_tester

__all__ = ["cluster", "make_board", "shared", "shared_board", "swept"]

BOARDS = {
    "podman": ("podman", "openssh"),
    "docker": ("docker", "dropbear"),
    "docker-user": ("docker-user", "openssh"),
    "containerd": ("containerd", "openssh"),
    "containerd-user": ("containerd-user", "openssh"),
    "crun": ("crun", "dropbear"),
    "runc": ("runc", "dropbear"),
    "runsc": ("runsc", "dropbear"),
    "bare": ("bare", "openssh"),
}
STACKS = ("podman", "docker", "containerd", "crun", "runc")
ROOTLESS = ("podman-user", "crun-user", "runc-user")
"""The same boards, and a login there that is not root."""
OWN = ("docker-user", "containerd-user")
"""Boards with an engine that is that login's own; test_own_engine.py has the short of it for `make test`."""
EVERY = (*STACKS, *ROOTLESS, *OWN)
_ALL = bool(os.environ.get("GUESTS"))
DEPLOYED = tuple(name for name in (*STACKS, "runsc", *ROOTLESS, *OWN) if _ALL or name not in OWN)
SPREAD = tuple(name for name in EVERY if _ALL or not name.startswith(("runc", *OWN)))
"""Where what hardly depends on the runtime is tried; all of them with `make test-all`."""


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The command, with two versions of every image in the directories v1 and v2."""
    made = Cli(tmp_path_factory.mktemp("home"))
    for version in ("v1", "v2"):
        build_example(made, version)
        build_tester(made, version)
    return made


@pytest.fixture(scope="module")
def start_board(swept: None) -> Iterator[Callable[[str], NamespaceTarget]]:
    """Start the board of a stack by the stack's name; it ends with the module."""
    running: dict[str, NamespaceTarget] = {}

    def start(stack: str) -> NamespaceTarget:
        if stack not in running:
            try:
                running[stack] = NamespaceTarget(*BOARDS[stack]).start()
            except Unavailable as reason:
                pytest.skip(str(reason))
        return running[stack]

    yield start
    for board in running.values():
        board.stop()


@pytest.fixture(scope="module", params=[name for name in STACKS if name in SPREAD])
def stack(request: pytest.FixtureRequest, cli: Cli, start_board: Callable[[str], NamespaceTarget]) -> Place:
    """A board of each kind, shared by the tests of a module."""
    return found(request.param, cli, start_board)


def found(stack: str, cli: Cli, start_board: Callable[[str], NamespaceTarget]) -> Place:
    """The board of *stack*, one of STACKS, ROOTLESS, OWN, runsc and bare."""
    kind, _, user = stack.partition("-")
    return Place(start_board(stack if stack in BOARDS else kind), cli, user=bool(user))


@pytest.fixture
def place(stack: Place) -> Iterator[Place]:
    """A board of each kind on which nothing is deployed."""
    stack.clean()
    yield stack


@pytest.fixture
def at(cli: Cli, start_board: Callable[[str], NamespaceTarget]) -> Callable[[str], Place]:
    """A board by the name of its stack, on which nothing is deployed."""

    def place(stack: str) -> Place:
        made = found(stack, cli, start_board)
        made.clean()
        return made

    return place


@pytest.fixture
def podman(at: Callable[[str], Place]) -> Place:
    """A board with podman on which nothing is deployed."""
    return at("podman")


@pytest.fixture
def crun(at: Callable[[str], Place]) -> Place:
    """A board with crun alone on which nothing is deployed."""
    return at("crun")


@pytest.fixture
def store(cli: Cli) -> Path:
    """Where the images are: in v1 and v2."""
    return cli.home
