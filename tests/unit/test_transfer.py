"""What a transfer leaves on the target besides the image."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sdk_plugins.stacks.docker import Docker

from sdk_hooks import Settings, StackFacts
from sdk_hooks.core.deploy import content, deployment, transfer
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET

from .helpers import make


def test_the_state_directory_is_the_owners_whatever_makes_it(tmp_path: Path) -> None:
    modes = {}
    for kind in ("note", "install"):
        state = tmp_path / kind / "state"
        target = replace(TARGET, state=PurePosixPath(state), stacks={"docker": StackFacts("26.1")})
        parts = (Part(make(tmp_path / "image").image, Settings()),)
        made = deployment.make("web", parts, Docker(), None, target, load().network)
        text = transfer.of(made)[0]._note("localhost/web-part1")
        script = text if kind == "note" else content.change(made).partition("cd ..\n")[0]
        (tmp_path / kind).mkdir()
        subprocess.run(("dash", "-c", f"umask 022\n{script}"), check=True)
        modes[kind] = [oct(path.stat().st_mode) for path in (state, state / "apps", Path(made.app))]

    assert modes["note"] == modes["install"] == ["0o40700"] * 3
    assert (tmp_path / "note/state/apps/web/.incoming").read_text() == "docker rmi localhost/web-part1\n"
