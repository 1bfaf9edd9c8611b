"""`--sign` and `--verify` of the commands: what is refused, and that nothing has happened by then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core import requests

from .helpers import write
from .supplies import key_pair

pytestmark = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("ssh")), reason="openssl or ssh is not installed"
)
NOT_SIGNED = "error: the image 'localhost/{}:latest' is not signed [not-signed]"
NOWHERE = "nobody@127.0.0.1:1"
"""A target that does not answer: who is refused before has not tried."""
TRIED = f"error: '{NOWHERE}' does not answer on its ssh port [unreachable]"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return key_pair(tmp_path)


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "tree", {"bin/web": "#!/bin/sh", "bin/sh": "#!/bin/sh"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(name: str, *options: str, status: int = 0) -> None:
    words = ("container-build", name, "--from", "tree", "-o", "out", "--platform", "linux/amd64")
    assert main(["-q", *words, "--sysroot", "tree", "--entrypoint", "/bin/web", *options]) == status


def deploy(name: str, *options: str, status: int = 1) -> None:
    assert main(["-q", "container-deploy", name, NOWHERE, "-o", "out", *options]) == status


def test_a_key_that_can_t_be_used_is_refused_before_anything_is_built(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build("web", "--sign", "none", status=1)

    said = "error: can't read the key 'none' [no-key]\n  No such file or directory\n"
    said += "  hint: make one: openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem\n"
    assert capsys.readouterr() == ("", said)
    assert not (top / "out").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_image_that_is_not_signed_is_not_sent(
    top: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    build("web")

    deploy("web", "--verify", str(keys[1]), *more)
    assert NOT_SIGNED.format("web") in capsys.readouterr().err
    assert main(["-q", "container-run", "web", "-o", "out", "--verify", str(keys[1])]) == 1
    assert NOT_SIGNED.format("web") in capsys.readouterr().err


def test_a_signed_image_is_sent(
    top: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    build("web", "--sign", str(keys[0]))

    deploy("web", "--verify", str(keys[1]))
    assert TRIED in capsys.readouterr().err


def test_each_image_of_an_application_has_to_be_signed(
    top: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    build("web", "--sign", str(keys[0]))
    build("db")
    (top / "shop.yaml").write_text("containers: {web: {}, db: {}}\n")

    deploy("shop.yaml", "--verify", str(keys[1]))
    assert NOT_SIGNED.format("db") in capsys.readouterr().err
    build("db", "--sign", str(keys[0]))
    deploy("shop.yaml", "--verify", str(keys[1]))
    assert TRIED in capsys.readouterr().err


def test_the_environment_says_the_same(
    top: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build("web")
    monkeypatch.setenv("CONTAINER_VERIFY", str(keys[1]))
    deploy("web")
    assert NOT_SIGNED.format("web") in capsys.readouterr().err
    monkeypatch.setenv("CONTAINER_SIGN", str(keys[0]))
    build("web")
    deploy("web")
    assert TRIED in capsys.readouterr().err


def test_a_rollback_can_t_be_verified(
    top: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build("web")

    deploy("web", "--rollback", "--verify", str(keys[1]), status=2)
    assert capsys.readouterr().err == (
        "error: --verify can't check what --rollback goes back to: it is on the target only [usage]\n"
        "  hint: leave it out: it was checked when it was deployed\n"
    )
    monkeypatch.setenv("CONTAINER_VERIFY", str(keys[1]))
    deploy("web", "--rollback")
    assert TRIED in capsys.readouterr().err


def test_building_again_signs_again_from_any_directory(top: Path, keys: tuple[Path, Path]) -> None:
    build("web", "--sign", "key.pem")

    request = requests.load(top / "out" / "web-latest-oci")
    assert request is not None
    assert request.options["sign"] == str(keys[0])


def test_no_bill_of_materials_when_it_is_not_wanted(top: Path) -> None:
    build("web")
    assert sorted(path.name for path in (top / "out").iterdir()) == [
        "web-latest-contents.json",
        "web-latest-oci",
        "web-latest-referrers",
        "web-latest-request.json",
        "web-latest.cdx.json",
        "web-latest.provenance.json",
        "web-latest.spdx.json",
    ]

    build("web", "--no-sbom")
    assert sorted(path.name for path in (top / "out").iterdir()) == [
        "web-latest-contents.json",
        "web-latest-oci",
        "web-latest-request.json",
    ]
