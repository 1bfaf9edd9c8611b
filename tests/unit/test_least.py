"""A runtime that wants a version of its program: what the probe asks for, and what is refused."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from sdk_plugins.runtimes.kata import Kata

from sdk_hooks import Needs, Target
from sdk_hooks.core.deploy import choose, probe
from sdk_hooks.core.registry import load
from sdk_hooks.runclike import RuncLike
from sdk_hooks.testing import TARGET

from .helpers import fails

SHIM = "containerd-shim-kata-v2"
SAYS = 'Kata Containers containerd shim (Golang): id: "io.containerd.kata.v2", version: {}, commit: 0'
BOARD = replace(
    TARGET, name="board", programs=frozenset({SHIM}), devices=frozenset({"/dev/kvm", "/dev/vhost-vsock"})
)
OURS = load()


def test_an_old_one_is_refused_before_anything_is_sent() -> None:
    board = replace(BOARD, versions={SHIM: SAYS.format("2.4.3")})
    with fails(
        "kata can't run on 'board' [no-runtime]\n"
        "  containerd-shim-kata-v2 is 2.4.3: before 2.5 it can't log to a file\n"
        "  hint: choose another one with --runtime"
    ):
        choose.runtime(board, OURS, OURS.stack("containerd"), "kata")


@pytest.mark.parametrize("said", ["2.5.0-rc0", "2.10.0", "3.30.0", "4.1.0", "", "unknown"])
def test_a_later_one_is_taken_and_one_that_says_nothing(said: str) -> None:
    board = replace(BOARD, versions={SHIM: SAYS.format(said) if said else ""})
    assert isinstance(choose.runtime(board, OURS, OURS.stack("containerd"), "kata"), Kata)


class Tar(RuncLike):
    """A runtime that every machine has."""

    name = "tar"
    summary = "a program that tells its version"

    def needs(self, target: Target) -> Needs:
        return Needs(programs=("tar",), least=(("tar", "0.1", "pack"), ("no-such", "1.0", "be")))


def test_the_probe_asks_for_it_where_a_runtime_was_named() -> None:
    text = probe.script("web", {}, [Tar()], details=True)
    done = subprocess.run(("sh", "-s"), input=text, capture_output=True, text=True, check=True)
    said = [line for line in done.stdout.splitlines() if line.startswith("version ")]
    assert len(said) == 1
    assert said[0].startswith(("version tar tar (GNU tar) 1.", "version tar bsdtar "))
    assert "echo version" not in probe.script("web", {}, [Tar()])
