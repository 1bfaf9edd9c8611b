"""Compose files: which services there are, and values that come from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.container import HealthCheck, Port, Settings
from sdk_hooks.core import applications
from sdk_hooks.core.spec.application import Application, Entry, settings

from .helpers import fails, write


def load(directory: Path, text: str) -> Application:
    return applications.load(write(directory, {"compose.yaml": text}) / "compose.yaml")


def service(directory: Path, text: str) -> Entry:
    return load(directory, f"services: {{a: {{image: b, {text}}}}}").containers["a"]


@pytest.mark.parametrize(
    ("active", "names"),
    [
        ("", ["web"]),
        ("debug", ["web", "shell"]),
        ("x, test", ["web", "test"]),
        ("*", ["web", "shell", "test"]),
    ],
)
def test_services_of_a_profile_are_there_when_it_is_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, active: str, names: list[str]
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", active)
    text = "services:\n  web: {image: w}\n  shell: {image: s, profiles: [debug]}\n"
    text += "  test: {image: t, profiles: [test, all]}\n"

    assert list(load(tmp_path, text).containers) == names


def test_variables_come_from_files_and_environment_counts_more(tmp_path: Path) -> None:
    write(tmp_path, {"a.env": "A=1\nB='b b' # remark\n", "sub/b.env": "B=2\nC=3\n"})
    text = "env_file: [a.env, {path: sub/b.env}, {path: none.env, required: false}], environment: {C: here}"

    assert service(tmp_path, text).spec.env == {"A": "1", "B": "2", "C": "here"}
    assert service(tmp_path, "env_file: a.env").spec.env == {"A": "1", "B": "b b"}


def test_a_file_of_variables_that_is_not_there_is_told(tmp_path: Path) -> None:
    place = tmp_path / "compose.yaml"
    with fails(f"{place}:1:36: 'services.a.env_file': there is no file '{tmp_path}/none.env' [bad-spec]"):
        service(tmp_path, "env_file: none.env")


@pytest.mark.parametrize(
    "text", ["disable: true", "test: NONE", "test: [NONE]", "disable: true, test: [CMD, x]"]
)
def test_a_health_check_of_the_image_can_be_switched_off(tmp_path: Path, text: str) -> None:
    entry = service(tmp_path, f"healthcheck: {{{text}}}")

    assert settings(Settings(healthcheck=HealthCheck(port=80)), entry, []).healthcheck is None


def test_a_health_check_needs_a_test(tmp_path: Path) -> None:
    with fails(f"{tmp_path}/compose.yaml:1:39: 'services.a.healthcheck': 'test' is missing [bad-spec]"):
        service(tmp_path, "healthcheck: {interval: 3s}")


def test_a_key_without_a_value_says_nothing(tmp_path: Path) -> None:
    spec = service(tmp_path, "command: , entrypoint: ~, healthcheck: null").spec

    assert (spec.cmd, spec.entrypoint, spec.healthcheck) == (None, None, None)


def test_ports_come_as_ranges(tmp_path: Path) -> None:
    spec = service(tmp_path, "ports: ['8000-8001:80-81/udp', '127.0.0.1:9000-9000:90-90', '7:8']").spec

    assert spec.ports == (
        Port(80, 8000, "udp"), Port(81, 8001, "udp"), Port(90, 9000, "tcp", "127.0.0.1"), Port(8, 7),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8000-8001:80-82", "'8000-8001:80-82' has 2 ports of the target for 3 of the container"),
        ("2-1:2-1", "'2-1' is no range of ports"),
        ("1-99999:1-99999", "'1-99999' is no range of ports"),
    ],
)
def test_ranges_that_make_no_sense_are_told(tmp_path: Path, text: str, why: str) -> None:
    hint = "\n  hint: services.a.ports wants HOST:CONTAINER"
    with fails(f"{tmp_path}/compose.yaml:1:34: 'services.a.ports': {why} [bad-spec]{hint}"):
        service(tmp_path, f"ports: ['{text}']")


def test_volumes_are_local_ones(tmp_path: Path) -> None:
    text = "services: {{a: {{image: b, volumes: ['v:/d']}}}}\nvolumes: {{v: {{driver: {}}}}}\n"

    assert load(tmp_path, text.format("local")).containers["a"].spec.volumes is not None
    why = "'volumes.v.driver': 'nfs' is not one of local [bad-spec]\n  hint: volumes.v.driver wants a driver"
    with fails(f"{tmp_path}/compose.yaml:2:23: {why}"):
        load(tmp_path, text.format("nfs"))
