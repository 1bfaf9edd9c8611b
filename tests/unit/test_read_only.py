"""A root file system that is not written to, as engines are told of it."""

from __future__ import annotations

import pytest

from sdk_hooks import Settings, Tmpfs
from sdk_hooks.core.registry import load
from sdk_hooks.testing import container

OURS = load()
SHARED = "/dev/shm:nosuid,nodev,noexec,mode=1777,size=67108864,notmpcopyup"


@pytest.mark.parametrize(
    ("stack", "settings", "said"),
    [
        ("docker", Settings(read_only=True), ["--read-only"]),
        ("podman", Settings(), []),
        (
            "podman",
            Settings(read_only=True),
            ["--read-only", "--read-only-tmpfs=false", "--tmpfs", SHARED],
        ),
        ("podman", Settings(read_only=True, ipc="host"), ["--read-only", "--read-only-tmpfs=false"]),
        (
            "podman",
            Settings(read_only=True, tmpfs=(Tmpfs("/dev/shm", 1),)),
            [
                *("--read-only", "--read-only-tmpfs=false", "--tmpfs"),
                "/dev/shm:nosuid,nodev,noexec,mode=1777,size=1,notmpcopyup",
            ],
        ),
    ],
)
def test_only_what_was_asked_for_is_written_to(stack: str, settings: Settings, said: list[str]) -> None:
    argv = OURS.stack(stack).run(container(settings=settings))

    assert [word for word in argv if word.startswith(("--read-only", "--tmpfs", "/dev/shm"))] == said
