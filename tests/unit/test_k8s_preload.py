"""preload.py: what is asked of a node, with the shell of this machine as its."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.k8s import preload
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv, Script

DIGEST = "sha256:" + "ab" * 32
NEAR = "sha256:" + "ab" * 6 + "cd" * 26
"""Another that starts alike."""
NAME = "localhost/app:sha256-" + "12" * 32


class Store:
    """A node with a thousand images of others."""

    def __init__(self, inventory: Script = "") -> None:
        others = (
            "for n in $(seq 1000); do echo \"image localhost/n:$n\"; printf 'blob sha256:%064x\\n' $n; done\n"
        )
        self.script = inventory or f"{others}echo blob {DIGEST}\necho blob {NEAR}\necho image {NAME}\n"

    def inventory(self) -> Script:
        return self.script

    def load(self) -> Argv:
        return ("false",)

    def keep(self, image: str) -> Argv:
        return ("echo", image)

    release = forget = keep


def test_only_what_is_asked_for_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    found = preload.inventory(Local(), Store(), [DIGEST, NAME])

    assert found.blobs == {DIGEST, NEAR}  # enough for who looks for whole ones
    assert found.names == {NAME}
    assert {name for name in ("zstd", "gzip") if shutil.which(name)} == found.programs


def test_a_node_that_has_none_of_it() -> None:
    found = preload.inventory(Local(), Store(), ["localhost/other:sha256-"])
    assert (found.blobs, found.names) == (frozenset(), frozenset())


def test_parts_of_names_find_all_versions() -> None:
    assert preload.inventory(Local(), Store(), ["localhost/app:sha256-"]).names == {NAME}


def test_a_node_needs_a_shell_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("sh", "seq"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(preload, "_PATH", "")

    found = preload.inventory(Local(), Store(), [DIGEST, NAME])

    assert (found.blobs, found.names) == ({DIGEST, NEAR}, {NAME})


def test_lines_are_told_as_they_are() -> None:
    odd = r"image localhost/app:* \n $HOME"
    assert preload.inventory(Local(), Store(f"echo other\nprintf '%s\\n' '{odd}'\n"), ["app:*"]).names == {
        odd.removeprefix("image ")
    }


def test_who_asks_for_nothing_is_told_nothing() -> None:
    found = preload.inventory(Local(), Store(), [])
    assert (found.blobs, found.names) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    "script", ["echo 'no ctr' >&2\nexit 4\n", "x=$(echo 'no ctr' >&2; exit 4) || exit\n"]
)
def test_why_it_can_not_be_listed(script: Script) -> None:
    with pytest.raises(SdkError) as caught:
        preload.inventory(Local("n1"), Store(script), [DIGEST])
    assert str(caught.value) == (
        "the images of the node 'n1' can't be listed [no-node-images]\n  no ctr\n"
        "  hint: log in as root: --node NAME=root@ADDRESS; or use a registry: --registry"
    )


def test_a_script_that_ends_well_before_its_end() -> None:
    """As the one for nodes on which nobody can tell does."""
    assert preload.inventory(Local(), Store("exit 0\n"), [DIGEST]).blobs == frozenset()
