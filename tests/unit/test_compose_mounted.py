"""Files beside a compose file that go along, variables that are not set, logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.container import Volume
from sdk_hooks.core import applications
from sdk_hooks.core.spec.application import Application, Mounted, Source

from .helpers import fails, make, write


def load(directory: Path, volumes: str, more: str = "") -> Application:
    text = f"services: {{a: {{image: a, volumes: {volumes}}}}}\n{more}"
    return applications.load(write(directory, {"compose.yaml": text}) / "compose.yaml")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    files = {"app.yaml": "a: 1\n", "etc/nginx.conf": "x\n", "init.sh": "#!/bin/sh\n", ".env": "A=1\n"}
    return write(tmp_path, {**files, "key.pem": "-----BEGIN PRIVATE KEY-----\n", "full/file": "x"})


@pytest.mark.parametrize(
    ("volumes", "mounted", "file"),
    [
        ("['./app.yaml:/etc/app.yaml:ro', 'data:/data']", Mounted("app.yaml", "/etc/app.yaml"), "./app.yaml"),
        ("['data:/data', './etc/nginx.conf:/etc/nginx/nginx.conf:ro,z']",
         Mounted("etc-nginx.conf", "/etc/nginx/nginx.conf"), "./etc/nginx.conf"),
        ("['data:/data', {type: bind, source: ./app.yaml, target: /a, read_only: true}]",
         Mounted("app.yaml", "/a"), "./app.yaml"),
        ("['data:/data', '.env:/src/.env:ro']", Mounted("env", "/src/.env"), "./.env"),
    ],
)  # fmt: skip
def test_a_file_that_is_only_read_goes_along(here: Path, volumes: str, mounted: Mounted, file: str) -> None:
    found = load(here, volumes)

    assert found.containers["a"].spec.volumes == (Volume("data", "/data"),)
    assert found.containers["a"].configs == (mounted,)
    assert found.configs == {mounted.source: Source(file)}
    assert found.notes == ()


def test_what_is_plainly_settings_goes_along_and_that_is_told(here: Path) -> None:
    found = load(here, "['./etc/nginx.conf:/tmp/nginx.conf', './init.sh:/docker-entrypoint-initdb.d/a.sh']")

    assert found.containers["a"].spec.volumes is None
    assert [each.path for each in found.containers["a"].configs] == [
        "/tmp/nginx.conf", "/docker-entrypoint-initdb.d/a.sh",
    ]  # fmt: skip
    assert found.notes == (
        f"{here}/compose.yaml:1: './etc/nginx.conf' goes along as it is now, and can only be read there",
        f"{here}/compose.yaml:1: './init.sh' goes along as it is now, and can only be read there",
    )


def test_services_share_a_file_and_have_configs_besides(here: Path) -> None:
    text = """\
x-v: &v ["./app.yaml:/etc/app.yaml:ro"]
services:
  a: {image: a, volumes: *v, configs: [own]}
  b: {image: a, volumes: *v}
configs: {own: {content: text}}
"""
    found = applications.load(write(here, {"compose.yaml": text}) / "compose.yaml")
    make(here / "a-latest-oci", name="a")
    parts = applications.assemble(found, here / "compose.yaml", here, lambda _: applications.Settings())

    assert [[(each.name, each.content, each.target) for each in part.configs] for part in parts] == [
        [("own", b"text", "/own"), ("app.yaml", b"a: 1\n", "/etc/app.yaml")],
        [("app.yaml", b"a: 1\n", "/etc/app.yaml")],
    ]


@pytest.mark.parametrize(
    ("volumes", "what", "hint"),
    [
        ("['./app.yaml:/a.yaml']",
         "'./app.yaml' is a file of this machine, which a program may want to write to",
         "does it only read it? ./app.yaml:/a.yaml:ro goes along; else mount a volume"),
        ("['./init.sh:/init.sh:ro']", "'./init.sh' is a program, which does not go along",
         "put it into the image: files:"),
        ("['./key.pem:/key.pem:ro']", "'./key.pem' has a private key, which others could see",
         "name it below secrets:"),
        ("['./big.sql:/big.sql:ro']", "'./big.sql' has 1048577 bytes, which is much to go along",
         "put it into the image: files:"),
        ("['./full:/f:ro']",
         "'services.a.volumes': './full:/f:ro' is a path of this machine, which the target does not have",
         "services.a.volumes wants NAME:/PATH or /ON/TARGET:/PATH; files of this machine: "
         "configs:"),
    ],
)  # fmt: skip
def test_what_does_not_go_along_is_refused(here: Path, volumes: str, what: str, hint: str) -> None:
    with open(here / "big.sql", "wb") as file:
        file.truncate((1 << 20) + 1)
    with fails(f"{here}/compose.yaml:1:36: {what} [bad-spec]\n  hint: {hint}"):
        load(here, volumes)


def test_two_files_are_not_one_config(here: Path) -> None:
    with fails(
        f"{here}/compose.yaml:1:36: './app.yaml' can't be the config 'app.yaml' [bad-spec]\n"
        "  hint: name it below configs:"
    ):
        load(here, "['./app.yaml:/a:ro']", "configs: {app.yaml: {file: other.yaml}}")


def test_a_variable_of_the_container_that_is_not_set_is_empty_and_that_is_told(tmp_path: Path) -> None:
    text = """\
services:
  a:
    image: a
    environment: {A: "x${DTC_NONE}y", B: "$DTC_NONE", C: "${DTC_OTHER:-z}"}
    labels: ["a=${DTC_NONE_2}"]
"""
    path = write(tmp_path, {"compose.yaml": text}) / "compose.yaml"
    found = applications.load(path)

    assert found.containers["a"].spec.env == {"A": "xy", "B": "", "C": "z"}
    assert found.notes == (
        f"{path}:4: the variable 'DTC_NONE' is not set: it is taken as empty",
        f"{path}:5: the variable 'DTC_NONE_2' is not set: it is taken as empty",
    )


@pytest.mark.parametrize("text", ["environment: {A: '${DTC_NONE:?}'}", "image: 'a:$DTC_NONE'"])
def test_where_something_has_to_be_it_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {"compose.yaml": f"services:\n  a:\n    {text}\n"}) / "compose.yaml"
    with pytest.raises(applications.SpecError, match="the variable 'DTC_NONE' is not set"):
        applications.load(path)


def test_how_much_is_logged_is_the_stacks_but_not_where_to(tmp_path: Path) -> None:
    text = "services: {a: {image: a, logging: {driver: %s, options: {max-size: 1m}}}}"
    path = tmp_path / "compose.yaml"
    path.write_text(text % "json-file")
    assert list(applications.load(path).containers) == ["a"]

    path.write_text(text % "syslog")
    with fails(
        f"{path}:1:44: 'services.a.logging.driver': logs are asked for on the target [bad-spec]\n"
        "  hint: leave it out: without an engine two megabytes are kept, engines have settings"
    ):
        applications.load(path)
