"""What is read of a target is read from our own files, not from what containers have written."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sdk_hooks.core.deploy.resource import script

from .helpers import write


def test_a_containers_own_files_are_not_run(tmp_path: Path) -> None:
    """With overlayfs a container's root is a directory beside the scripts."""
    app = tmp_path / "apps" / "web"
    planted = f"touch {tmp_path}/escaped\n"
    files = {"id/state": "echo running 1\n", "id/upper/state": planted, "id/upper/health": planted}
    write(app, {"current": "id\n", "id/deployment.json": "{}", **files})
    text = f"STATE={tmp_path}\nonly=\n{script('status.sh')}"
    done = subprocess.run(("dash", "-c", text), capture_output=True, text=True, check=True)

    assert "state running 1" in done.stdout
    assert not (tmp_path / "escaped").exists()
