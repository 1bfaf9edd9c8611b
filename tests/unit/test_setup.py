"""setup.py: what it writes on a target, run on this machine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sdk_plugins.runtimes.crun import Crun
from sdk_plugins.stacks.docker import Docker

from sdk_hooks import StackFacts
from sdk_hooks.core.deploy import setup
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted
from sdk_hooks.testing import TARGET

from .helpers import write


def test_what_is_kept_of_a_configuration_is_for_nobody_else(tmp_path: Path) -> None:
    """A daemon.json may have the password of a proxy; a home directory may have a blank in its name."""
    home = write(tmp_path / "a home", {"kept.json": '{"http-proxy": "http://me:secret@proxy"}'})
    (home / "kept.json").chmod(0o600)
    (home / "docker").mkdir()
    (home / "docker/daemon.json").symlink_to("../kept.json")
    facts = StackFacts("26.1.5", daemon=f"unix://{home}/docker.sock")
    own = replace(
        TARGET, uid=1000, state=PurePosixPath(home, "state"), config=str(home), stacks={"docker": facts}
    )
    change = setup.plan(Local(), Docker(), Crun(), own)
    assert change is not None
    subprocess.run(("sh", "-c", change.script), capture_output=True, check=False, umask=0o022)

    kept = sorted(home.glob("state/**/*"))
    assert [each.name for each in kept] == ["setup", "1", "after", "before", "cleared", "facts", "reload"]
    assert not any(each.stat().st_mode & 0o077 for each in (home / "state", *kept))
    assert (home / "docker/daemon.json").is_symlink()
    written = home / "kept.json"
    assert (json.loads(written.read_text())["runtimes"], written.stat().st_mode & 0o777) == (
        {"crun": {"path": "crun"}},
        0o600,
    )

    text = script("setup-undo.sh")
    undo = f"STATE={quoted((str(own.state),))}\n{text}undo_all\n"
    subprocess.run(("sh", "-c", undo), check=True, capture_output=True)
    assert written.read_text() == '{"http-proxy": "http://me:secret@proxy"}'
    assert (home / "docker/daemon.json").is_symlink()
    assert not (home / "state/setup").exists()
