"""container.yaml, key by key: what is understood, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import read
from sdk_hooks.core.spec.model import Spec

from . import capability_cases, spec_cases, spec_cases_kubernetes, spec_cases_more
from .helpers import fails

GOOD = [*spec_cases.GOOD, *spec_cases_kubernetes.GOOD, *capability_cases.GOOD, *spec_cases_more.GOOD]
BAD = [*spec_cases.BAD, *spec_cases_kubernetes.BAD, *capability_cases.BAD, *spec_cases_more.BAD]


@pytest.mark.parametrize(("text", "key", "value"), GOOD, ids=[text for text, _, _ in GOOD])
def test_it_is_understood(tmp_path: Path, text: str, key: str, value: Any) -> None:
    path = tmp_path / "container.yaml"
    path.write_text(text)

    assert read.load(path) == Spec(**{key: value})


@pytest.mark.parametrize(("text", "place", "what", "hint"), BAD, ids=[text for text, *_ in BAD])
def test_it_is_refused_with_its_place(tmp_path: Path, text: str, place: str, what: str, hint: str) -> None:
    path = tmp_path / "container.yaml"
    path.write_text(text)

    with fails(f"{path}:{place}: {what} [bad-spec]" + (f"\n  hint: {hint}" if hint else "")):
        read.load(path)


SCHEMA = jsonschema.Draft202012Validator(read.json_schema(load().devices()))
# What only the reader knows: the shape is right, the text is not.
BEYOND = (
    "entrypoint: a '",
    "env: [A]",
    "workdir: srv",
    "ports: ",
    "volumes: ",
    "tmpfs: ",
    "extra_hosts: ",
    "dns: ",
    "privileged: y",
    "networks: {a: {",
    "network: none\n",
    "devices: [{cdi: v.com/c=n, path",
    "stop_timeout: ",
    "files: ",
    "resources: ",
    "read_only: y",
    "install: [a b",
    "feeds: [ftp",
    "recommends: y",
    "tests: [",
    "kubernetes: ",
)


@pytest.mark.parametrize("text", [text for text, _, _ in GOOD if "22:22" not in text])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    SCHEMA.validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", [bad[0] for bad in BAD if "twice" not in bad[2] and "stream" not in bad[2]])
def test_the_schema_refuses_what_has_the_wrong_shape(text: str) -> None:
    if SCHEMA.is_valid(yaml.safe_load(text)):
        assert text.startswith(
            (
                *BEYOND,
                "ulimits: {nofile: {soft",
                "labels: [x",
                "hooks: {createRuntime: [{path: /a, timeout: 0",
                "healthcheck: {command: a, ",
                "healthcheck: {}",
                "healthcheck: {http: {port: 7",
            )
        )


def test_every_key_has_a_good_and_a_bad_value_here() -> None:
    keys = set(read.json_schema({})["else"]["properties"])

    assert {key for _, key, _ in GOOD} | {"base"} == keys
    assert {bad[0].partition(":")[0] for bad in BAD} == keys


def test_the_schema_is_one_and_describes_every_key() -> None:
    schema = read.json_schema({})

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "container.yaml"
    assert all(part["description"] for part in schema["else"]["properties"].values())
