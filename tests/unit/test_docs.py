"""What the documentation says is run, word for word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of *language*, without the indentation of the list they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return ["\n".join(line[len(indent) :] for line in body.splitlines()) + "\n" for indent, body in found]


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


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert not broken


def test_the_yaml_of_the_readme_is_read(tmp_path: Path) -> None:
    from sdk_hooks.core import applications
    from sdk_hooks.core.spec.read import load

    text, several, kubernetes = blocks((ROOT / "README.md").read_text(), "yaml")
    (tmp_path / "container.yaml").write_text(text)
    (tmp_path / "app.conf").touch()
    spec = load(tmp_path / "container.yaml")

    assert spec.entrypoint == ("/usr/bin/hello-http",)
    assert [str(port) for port in spec.ports or ()] == ["8080:80/tcp"]
    (tmp_path / "container.yaml").write_text(kubernetes)
    said = load(tmp_path / "container.yaml").kubernetes
    assert said and (said.kind, said.replicas, said.storage) == ("StatefulSet", 2, "2Gi")
    (tmp_path / "shop.yaml").write_text(several)
    assert list(applications.load(tmp_path / "shop.yaml").containers) == ["web", "db"]


def test_the_readme_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    from devtool_plugins import commands

    text = (ROOT / "README.md").read_text()

    assert [m.NAME for m in commands.modules() if f"`{m.NAME} " not in text] == []
