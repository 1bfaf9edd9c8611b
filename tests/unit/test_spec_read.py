"""container.yaml as a file, OCI_IMAGE_* variables, and one spec over another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdk_hooks.container import Device, DeviceMatch, HealthCheck, Port, Restart, Settings, Volume
from sdk_hooks.core.spec import read
from sdk_hooks.core.spec.annotation import settings_from_json, settings_to_json
from sdk_hooks.core.spec.model import File, Spec
from sdk_hooks.limits import Resources

from .helpers import fails, write


def load(tmp_path: Path, text: str | bytes) -> Spec:
    path = tmp_path / "container.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read.load(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entrypont: x", ":1:1: unknown key 'entrypont' [bad-spec]\n  hint: did you mean 'entrypoint'?"),
        (
            "# c\nresources:\n  cpu: 1\n",
            ":3:3: unknown key 'cpu' in 'resources' [bad-spec]\n  hint: did you mean 'cpus'?",
        ),
        (
            "resources: {zzz: 1}",
            ":1:13: unknown key 'zzz' in 'resources' [bad-spec]\n  hint: known: cpus, memory, pids",
        ),
        ("user: a\nuser: b", ":2:1: the key 'user' stands twice [bad-spec]"),
        ("- a", ":1:1: the file wants keys and values [bad-spec]"),
        ("text", ":1:1: the file wants keys and values [bad-spec]"),
        ("~", ":1:1: the file wants keys and values [bad-spec]"),
        ("? [a]\n: b", ":1:3: a key must be a text [bad-spec]"),
        ("env: {<<: {A: 1}}", ":1:11: 'env.<<' wants a text [bad-spec]\n  hint: write \"\" for an empty one"),
        ("a: b: c", ":1:5: mapping values are not allowed here [bad-spec]"),
        ("a: 1\n\tb: 2", ":2:1: found character '\\t' that cannot start any token [bad-spec]"),
        ("user: *x", ":1:7: found undefined alias 'x' [bad-spec]"),
        ("user: a\n---\nuser: b", ":2:1: but found another document [bad-spec]"),
        ("user: a\0", ": unacceptable character #x0000: special characters are not allowed [bad-spec]"),
    ],
)
def test_a_wrong_file_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with fails(f"{tmp_path}/container.yaml{said}"):
        load(tmp_path, text)


def test_a_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    with fails(
        f"'{tmp_path}/container.yaml' is not UTF-8 text [bad-spec]\n"
        "  'utf-8' codec can't decode byte 0xe9 in position 11: invalid continuation byte"
    ):
        load(tmp_path, b"author: Ren\xe9 x")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with fails(f"can't read '{tmp_path}/no' [bad-spec]\n  No such file or directory"):
        read.load(tmp_path / "no")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "{}"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == Spec()


def test_anchors_stand_for_what_they_name(tmp_path: Path) -> None:
    assert load(tmp_path, "entrypoint: &a [x]\ncmd: *a") == Spec(entrypoint=("x",), cmd=("x",))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"s/x": ""})
    spec = load(tmp_path, "base: ../b\nfiles: [{target: /x, source: s/x}, {target: /y, source: /dev/null}]")

    assert spec.base == f"{tmp_path}/../b"
    assert spec.files == (File("/x", f"{tmp_path}/s/x"), File("/y", "/dev/null"))


def test_the_file_of_a_source_tree_is_found(tmp_path: Path) -> None:
    assert read.find(tmp_path) == Spec()

    (tmp_path / "container.yaml").write_text("user: 5")

    assert read.find(tmp_path) == Spec(user="5")


def test_every_variable_of_meta_virtualization_is_read() -> None:
    assert read.from_variables(
        {
            "OCI_IMAGE_ENTRYPOINT": " /bin/app  --x 'a b' ",
            "OCI_IMAGE_ENTRYPOINT_ARGS": "-v",
            "OCI_IMAGE_CMD": "ignored",
            "OCI_IMAGE_WORKINGDIR": "/srv",
            "OCI_IMAGE_STOPSIGNAL": "SIGTERM",
            "OCI_IMAGE_PORTS": "80 53/udp",
            "OCI_IMAGE_LABELS": "a=1 'b=2 3'",
            "OCI_IMAGE_ENV_VARS": "A=1 B=x=y",
            "OCI_IMAGE_RUNTIME_UID": "1000",
            "OCI_IMAGE_AUTHOR": "Ann",
            "OCI_IMAGE_AUTHOR_EMAIL": "a@b",
            "OCI_IMAGE_TAG": "v1",
            "OCI_IMAGE_REVISION": "abc",
            "OCI_IMAGE_BRANCH": "main",
            "OCI_IMAGE_BUILD_DATE": "none",
            "OCI_BASE_IMAGE": "base",
        }
    ) == Spec(
        tag="v1",
        base="base",
        entrypoint=("/bin/app", "--x", "a b"),
        cmd=("-v",),
        env={"A": "1", "B": "x=y"},
        user="1000",
        workdir="/srv",
        ports=(Port(80, 80), Port(53, 53, "udp")),
        labels={
            "a": "1",
            "b": "2 3",
            "org.opencontainers.image.revision": "abc",
            "org.opencontainers.image.ref.name": "main",
        },
        author="Ann <a@b>",
        stop_signal="SIGTERM",
    )


@pytest.mark.parametrize(
    ("variables", "spec"),
    [
        ({}, Spec()),
        ({"OCI_IMAGE_ENTRYPOINT": " ", "OCI_IMAGE_PORTS": ""}, Spec()),
        ({"OCI_IMAGE_CMD": "a b"}, Spec(cmd=("a", "b"))),
        ({"OCI_IMAGE_ENTRYPOINT_ARGS": " ", "OCI_IMAGE_CMD": "a"}, Spec(cmd=("a",))),
        ({"OCI_IMAGE_AUTHOR_EMAIL": "a@b"}, Spec(author="<a@b>")),
        ({"OCI_IMAGE_REVISION": "abc", "OCI_IMAGE_AUTO_LABELS": "0"}, Spec()),
        (
            {"OCI_IMAGE_REVISION": "abc", "OCI_IMAGE_LABELS": "org.opencontainers.image.revision=own"},
            Spec(labels={"org.opencontainers.image.revision": "own"}),
        ),
    ],
)
def test_what_is_not_set_says_nothing(variables: dict[str, str], spec: Spec) -> None:
    assert read.from_variables(variables) == spec


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OCI_IMAGE_ENTRYPOINT", "a 'b", "no closing quotation"),
        ("OCI_IMAGE_ENTRYPOINT_ARGS", "a 'b", "no closing quotation"),
        ("OCI_IMAGE_CMD", "a 'b", "no closing quotation"),
        ("OCI_IMAGE_ENV_VARS", "A=1 B", "'B' has no '='"),
        ("OCI_IMAGE_LABELS", "A", "'A' has no '='"),
        ("OCI_IMAGE_PORTS", "80 http", "'http' is not a port such as 8080:80"),
        ("OCI_IMAGE_TAG", "a b", "'a b' is not a tag"),
        ("OCI_IMAGE_RUNTIME_UID", "a b", "'a b' is not user[:group]"),
        ("OCI_IMAGE_WORKINGDIR", "srv", "'srv' is not an absolute path"),
        ("OCI_IMAGE_STOPSIGNAL", "stop!", "'stop!' is not a signal such as SIGTERM"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str, why: str) -> None:
    with fails(f"{name} is {value!r}: {why} [bad-variable]\n  hint: set {name} in the recipe or a .bbappend"):
        read.from_variables({name: value})


def test_the_upper_spec_has_the_first_word() -> None:
    lower = Spec(user="1", tag="low", env={"A": "low", "B": "low"}, labels={"l": "1"}, ports=(Port(1, 1),))
    upper = Spec(user="2", env={"A": "up"}, ports=(Port(2, 2),))

    assert upper.over(lower) == Spec(
        user="2", tag="low", env={"A": "up", "B": "low"}, labels={"l": "1"}, ports=(Port(2, 2),)
    )
    assert Spec().over(lower) == lower
    assert lower.over(Spec()) == lower


def test_the_arguments_of_another_program_are_not_kept() -> None:
    lower = Spec(entrypoint=("/old",), cmd=("old",))

    assert Spec(entrypoint=("/new",)).over(lower) == Spec(entrypoint=("/new",))
    assert Spec(cmd=("new",)).over(lower) == Spec(entrypoint=("/old",), cmd=("new",))


FULL = Settings(
    env={"A": "1"},
    ports=(Port(80, 8080, "udp", "127.0.0.1"),),
    volumes=(Volume("a", "/b", True),),
    devices=(Device("/dev/a", "/dev/b", "r"), DeviceMatch("gpu", ("first",), "", "rw")),
    healthcheck=HealthCheck(("a", "b"), interval=1.5),
    resources=Resources(5, 0.5, 6),
    restart=Restart("on-failure", 3),
    network="none",
    read_only=True,
    stop_timeout=2.5,
)


@pytest.mark.parametrize("settings", [Settings(), FULL, Settings(healthcheck=HealthCheck(port=80))])
def test_settings_survive_as_json(settings: Settings) -> None:
    assert settings_from_json(settings_to_json(settings)) == settings


def test_settings_of_a_newer_version_are_read_as_far_as_they_are_known() -> None:
    raw = json.loads(settings_to_json(FULL))
    raw["new"] = raw["resources"]["new"] = raw["ports"][0]["new"] = raw["healthcheck"]["new"] = 1

    assert settings_from_json(json.dumps(raw)) == FULL
    assert settings_from_json("{}") == Settings()


def test_a_device_by_its_path_is_written_as_it_ever_was() -> None:
    text = settings_to_json(Settings(devices=(Device("/dev/a", "/dev/b", "r"),)))

    assert '"devices":[{"access":"r","source":"/dev/a","target":"/dev/b"}]' in text


def test_settings_are_those_of_the_spec_with_defaults() -> None:
    assert Spec().settings() == Settings()
    assert Spec(stop_timeout=0.0, read_only=True, network="none").settings() == Settings(
        stop_timeout=0.0, read_only=True, network="none"
    )


def test_a_file_that_is_not_there_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "container.yaml"
    path.write_text("files:\n  - {target: /a, content: x}\n  - {target: /b, source: b}\n")
    with fails(f"{path}:3:26: 'files.source': there is no '{tmp_path}/b' [bad-spec]"):
        read.load(path)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("gateway: 10.9.0.1", "a 'gateway' wants the 'subnet' that it is in"),
        ("subnet: 10.9.0.0/24, gateway: 10.8.0.1", "the gateway 10.8.0.1 is not in 10.9.0.0/24"),
    ],
)
def test_a_gateway_is_in_its_subnet(tmp_path: Path, said: str, why: str) -> None:
    path = tmp_path / "container.yaml"
    path.write_text(f"networks: {{a: {{{said}}}}}")

    with fails(f"{path}:1:11: 'networks': {why} [bad-spec]"):
        read.load(path)
