"""`k8s-deploy --output` once more into the same directory: under another name, or as a chart."""

# ruff: noqa: E501  what is said and written is read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from .helpers import write
from .shopfiles import place, read, run

__all__ = ["place"]


def patches(overlay: Path) -> list[str]:
    return [each["path"] for each in read(overlay / "kustomization.yaml")["patches"]]


def test_overlays_that_nobody_changed_follow_another_name(place: Path) -> None:
    """Their patches name objects of the base: of one that is gone kustomize would fail."""
    assert run("web", "--name", "one", "--output", "out") == 0
    assert run("web", "--name", "two", "--output", "out") == 0

    for overlay in ("development", "production"):
        assert patches(Path("out/overlays") / overlay) == ["deployment-two.yaml"]
        assert {path.name for path in Path("out/overlays", overlay).iterdir()} == {
            "kustomization.yaml", "deployment-two.yaml",
        }  # fmt: skip


def test_an_overlay_that_somebody_changed_is_told_of(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("web", "--name", "one", "--output", "out") == 0
    patch = Path("out/overlays/production/deployment-one.yaml")
    patch.write_text(patch.read_text() + "# mine\n")
    capsys.readouterr()

    assert run("web", "--name", "two", "--output", "out") == 0
    assert capsys.readouterr().err == (
        f"warning: '{patch}' was changed there, and is of no more use: remove it and what names it in the "
        "kustomization.yaml beside it\n"
        "no registry has these images: k8s-deploy web --name two --manifests out/base brings them to the nodes; "
        "or push them: --registry\n"
    )


def test_a_chart_is_not_written_over_a_base(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("web", "--output", "out") == 0
    before = sorted(path.as_posix() for path in Path("out").rglob("*"))
    capsys.readouterr()

    assert run("web", "--helm", "out") == 1
    assert capsys.readouterr().err == (
        "error: 'out' has a base with overlays, and not a chart [not-ours]\n  hint: choose another directory\n"
    )
    assert sorted(path.as_posix() for path in Path("out").rglob("*")) == before


@pytest.mark.parametrize("option", ["--output", "--helm", "--manifests", "--registry", "--context", "--via"])
def test_an_empty_text_means_nothing_else(
    place: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script whose variable is not set must not deploy to another cluster, or at all."""
    with pytest.raises(SystemExit) as ended:
        run("web", option, "")
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {option}: it is empty\n")


@pytest.mark.parametrize("containers", ["5", "[{image: web}, {image: [web]}]", "[{image: web}, 7]"])
def test_manifests_that_are_odd_are_no_crash(place: Path, containers: str) -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {initContainers: %s, containers: [{image: web}]}}"
    write(place, {"m/pod.yaml": text % containers})

    assert run("web", "--manifests", "m", "--output", "out") == 0
    assert "localhost/web:sha256-" in Path("out/pod.yaml").read_text()
