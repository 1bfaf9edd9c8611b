"""What the documentation says is read, and leads somewhere; tests/integration does what the tutorial says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of *language*, without the indentation of the list they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return ["\n".join(line[len(indent) :] for line in body.splitlines()) + "\n" for indent, body in found]


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
