"""Programs of another architecture: what runs them here, and what is said when nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks import Settings, Volume
from sdk_hooks.core.trial import emulation
from sdk_hooks.core.trial.emulation import Emulator
from sdk_hooks.target import Platform
from sdk_hooks.testing import container

from .helpers import fails, write

ARM = Platform("arm64", "v8")
ENTRY = "{}\ninterpreter /usr/bin/qemu-aarch64-static\nflags: {}\noffset 0\n"


@pytest.mark.parametrize(
    ("flags", "program"),
    [("OCF", ""), ("", "/usr/bin/qemu-aarch64-static"), ("OC", "/usr/bin/qemu-aarch64-static")],
)
def test_what_the_kernel_starts_need_not_be_asked_for(tmp_path: Path, flags: str, program: str) -> None:
    write(tmp_path, {"qemu-aarch64": ENTRY.format("enabled", flags)})
    found = emulation.find(ARM, False, tmp_path)

    assert found == Emulator(program)
    box = found.around(container(config={"Entrypoint": ["/bin/app"]}, settings=Settings()))
    assert box.config["Entrypoint"] == ["/bin/app"]
    assert [str(v) for v in box.settings.volumes] == ([f"{program}:{program}:ro"] if program else [])


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    write(tmp_path, {"bin/qemu-aarch64-static": "#!/bin/sh\n"})
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    return f"{tmp_path}/bin/qemu-aarch64-static"


@pytest.mark.parametrize("entry", [None, ENTRY.format("disabled", "F")])
def test_without_an_engine_the_command_line_is_changed(tmp_path: Path, qemu: str, entry: str | None) -> None:
    if entry:
        write(tmp_path, {"qemu-aarch64": entry})
    found = emulation.find(ARM, True, tmp_path)

    assert found == Emulator(qemu, (qemu,))
    settings = Settings(volumes=(Volume("data", "/data"),))
    box = found.around(container(config={"Cmd": ["/bin/app"]}, settings=settings))
    assert box.config == {"Cmd": ["/bin/app"], "Entrypoint": [qemu]}
    assert [str(volume) for volume in box.settings.volumes] == ["data:/data", f"{qemu}:{qemu}:ro"]
    assert found.around(container(config={"Entrypoint": ["/a", "b"]})).config["Entrypoint"] == [
        qemu,
        "/a",
        "b",
    ]


SAID = (
    "the image is for linux/arm64/v8, and nothing here runs its programs [wrong-architecture]\n"
    "  looked for: {}/qemu-aarch64, and without an engine qemu-aarch64-static\n"
    "  hint: install {}"
)


def test_with_an_engine_the_kernel_has_to_know(tmp_path: Path, qemu: str) -> None:
    with fails(SAID.format(tmp_path, "binfmt-support; or try it without an engine: --stack none")):
        emulation.find(ARM, False, tmp_path)


@pytest.mark.parametrize("bare", [True, False])
def test_what_to_install_is_said(tmp_path: Path, bare: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with fails(SAID.format(tmp_path, "qemu-user-static and binfmt-support; or test it on a target")):
        emulation.find(ARM, bare, tmp_path)
