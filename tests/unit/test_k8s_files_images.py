"""Files that are written without a cluster: how nodes get the images, and what is refused before it."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core import locks

from .helpers import write
from .registrymaker import Registry, quickly, there
from .shop import image, shop

__all__ = ["quickly", "there"]
LATER = "brings them to the nodes; or push them: --registry"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the images web and db, where the commands run."""
    for name in ("web", "db"):
        image(tmp_path, name)
    write(
        tmp_path,
        {
            "own/web.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: x, image: web}]}\n"
        },
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("web", "--output", "out"), f"k8s-deploy web --manifests out/base {LATER}"),
        (("web", "--name", "x", "--output", "out"), f"k8s-deploy web --name x --manifests out/base {LATER}"),
        (("web", "--helm", "out"), f"helm template out >FILE; k8s-deploy web --manifests FILE {LATER}"),
        (("web", "--manifests", "own", "--output", "out"), f"k8s-deploy web --manifests out {LATER}"),
        (("web", "db", "--output", "out"), "push them: --registry"),
    ],
)
def test_who_brings_images_that_are_in_no_registry_is_told(
    place: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["k8s-deploy", *words, "-o", "."]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == f"no registry has these images: {said}"


@pytest.mark.parametrize(
    "words", [("--output", "out"), ("--helm", "out"), ("--manifests", "own", "--output", "out")]
)
def test_what_files_name_is_pushed(
    place: Path, words: tuple[str, ...], there: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["k8s-deploy", "web", "-o", ".", *words, "--registry", f"{there.url}/team"]) == 0

    digest = image(place, "web")
    assert {"latest", digest} <= set(there.manifests)
    texts = [path.read_text() for path in (place / "out").rglob("*.yaml")]
    assert any(f"{there.name}/team/web@{digest}" in text for text in texts)
    assert "no registry" not in capsys.readouterr().err


def test_no_file_names_an_image_that_was_not_taken(place: Path, there: Registry) -> None:
    there.fail("POST .*", lambda handler: handler.answer(403, b"{}"), times=9)

    assert main(["k8s-deploy", "web", "-o", ".", "--output", "out", "--registry", there.url]) == 1
    assert not (place / "out").exists()


@pytest.mark.parametrize("name", ["Edge", "a_b", "-a", "a.b", "a" * 64])
def test_what_can_not_be_a_namespace_is_refused(
    place: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["k8s-deploy", "web", "-o", ".", "--output", "out", f"--namespace={name}"]) == 2
    assert capsys.readouterr().err == (
        f"error: --namespace: {name!r} can't be the name of a namespace [usage]\n"
        "  hint: 1 to 63 lower-case letters, digits and hyphens\n"
    )
    assert not (place / "out").exists()


@pytest.mark.parametrize(("key", "file"), [("configs", "conf"), ("secrets", "token")])
def test_files_that_are_too_large_for_an_object_are_refused(
    place: Path, key: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(place)
    (place / file).write_bytes(b"x" * (1 << 20))
    assert main(["k8s-deploy", "./container.yaml", "-o", ".", "--output", "fits"]) == 0
    capsys.readouterr()
    (place / file).write_bytes(b"x" * ((1 << 20) + 1))

    assert main(["k8s-deploy", "./container.yaml", "-o", ".", "--output", "out"]) == 1
    assert capsys.readouterr().err == (
        f"error: the container 'web' can't be a pod: its {key} have 1048577 bytes, and Kubernetes takes 1048576 "
        f"[no-pod]\n  hint: put less into {key}:, or into the image\n"
    )


def test_a_second_one_that_writes_there_waits(place: Path) -> None:
    words = (sys.executable, "-m", "devtool_plugins", "k8s-deploy", "web", "-o", ".", "--output", "out")
    with locks.held("k8s-files", Path("out")):
        other = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1.5)
        assert not (place / "out").exists()
    assert other.wait(20) == 0
    assert (place / "out/base/deployment-web.yaml").exists()


def test_a_registry_that_can_not_be_reached(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--output", "out", "--registry", "http://127.0.0.1:1/team"]

    assert main(["k8s-deploy", "web", "-o", ".", *words]) == 1
    assert capsys.readouterr().err == (
        "error: can't reach the registry '127.0.0.1:1' [registry-unreachable]\n"
        "  connection refused\n"
        "  hint: is it running, and is that its port?\n"
    )
    assert not (place / "out").exists()
