"""The command `machine`, where no machine has to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool_plugins.__main__ import main

pytestmark = pytest.mark.usefixtures("tmp_path")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(["machine", *argv])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_nothing_to_stop_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "stop") == (0, "", "qemu: not running\n")


def test_machines_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEVTOOL_CONTAINERS_MACHINES", str(tmp_path))
    (tmp_path / "qemu").mkdir()

    assert run(capsys, "status") == (
        0,
        f"MACHINE  STATE    DIRECTORY\nqemu     stopped  {tmp_path}/qemu\n",
        "",
    )


def test_one_can_not_log_in_to_what_does_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "ssh", "qemu", "--", "true") == (
        1,
        "",
        "error: no machine of 'qemu' runs [not-running]\n"
        "  hint: start it: devtool-containers machine start qemu\n",
    )


def test_a_hypervisor_that_nobody_provides_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "start", "quemu") == (
        1,
        "",
        "error: no hypervisor is named 'quemu' [unknown-plugin]\n"
        "  known: qemu\n  hint: did you mean 'qemu'?\n",
    )
