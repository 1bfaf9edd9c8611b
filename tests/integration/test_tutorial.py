"""The tutorial for authors of plugins is done, word for word, in an environment that has nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from unit.test_docs import ROOT, blocks

pytestmark = pytest.mark.integration


def run(command: str, directory: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", command], cwd=directory, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment of its own, that has this project and pytest and nothing of this user."""
    home = tmp_path_factory.mktemp("stranger")
    venv.create(home / "venv")  # pip and setuptools come from where this runs
    packages = [path for path in sys.path if path.endswith("site-packages")]
    site = next((home / "venv").glob("lib/python*/site-packages"))
    (site / "here.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in packages))
    environment = {"PATH": f"{home}/venv/bin:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    carried = ("PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "PIP_CONFIG_FILE", "http_proxy", "https_proxy")
    return environment | {key: os.environ[key] for key in carried if key in os.environ}


def test_a_plugin_is_written_in_ten_minutes(tmp_path: Path, stranger: dict[str, str]) -> None:
    text = (ROOT / "plugins" / "README.md").read_text()
    module, test = blocks(text, "python")
    (tmp_path / "sdk_xz.py").write_text(module)
    (tmp_path / "test_xz.py").write_text(test)
    (tmp_path / "pyproject.toml").write_text(blocks(text, "toml")[0])
    said = {}
    for block in blocks(text, "console"):
        for line in block.splitlines():
            command = line.removeprefix("$ ").replace(
                "pip install -q .", "pip install -q --no-build-isolation --no-deps ."
            )
            said[line] = run(command, tmp_path, stranger)

    listing = said["$ python -m devtool_plugins list"]
    assert re.search(r"^image_backend\.oci-archive-xz +sdk-hooks-xz +ok$", listing, re.MULTILINE), listing
    built = next(out for command, out in said.items() if "container-build" in command)
    assert built.splitlines()[-1] == "out/nap-latest-oci.tar.xz"
    assert "1 passed" in said["$ python -m pytest -q test_xz.py"]
