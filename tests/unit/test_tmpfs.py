"""Directories in memory: how they are written, and what each stack and runtime is told of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdk_hooks import SdkError, Settings, Tmpfs, Volume
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import annotation, values
from sdk_hooks.testing import TARGET, container

from .schemas import validate
from .test_compose_services import service

BOTH = Settings(
    network="host",
    volumes=(Volume("kept", "/run/kept"), Volume("/srv", "/srv")),
    tmpfs=(Tmpfs("/run", 1 << 20), Tmpfs("/srv/cache", mode=0o755)),
)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("/run", Tmpfs("/run")),
        ("/tmp:size=64M,mode=1777", Tmpfs("/tmp", 64 << 20)),
        ("/run/app:rw,noexec,nosuid,mode=755", Tmpfs("/run/app", mode=0o755)),
    ],
)
def test_it_is_one_word(text: str, made: Tmpfs) -> None:
    assert values.tmpfs(text) == made


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("run", "'run' is not a directory such as /run, or /tmp:size=64M"),
        ("/", "'/' is not a directory such as /run, or /tmp:size=64M"),
        ("/run:exec", "'/run:exec': 'exec' can't be said of it: size=64M and mode=1777 can"),
        ("/run:mode=rwx", "'rwx' is not a mode such as 0644"),
        ("/run:size=1k", "'1k' is less memory than any program needs"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        values.tmpfs(text)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("tmpfs: /run", (Tmpfs("/run"),)),
        ("tmpfs: [/run, '/tmp:size=64m']", (Tmpfs("/run"), Tmpfs("/tmp", 64 << 20))),
        ("volumes: [{type: tmpfs, target: /tmp}, 'a:/b']", (Tmpfs("/tmp"),)),
        (
            "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0700}}]",
            (Tmpfs("/t", 1 << 20, 0o700),),
        ),
    ],
)
def test_compose_files_have_it_too(tmp_path: Path, text: str, made: tuple[Tmpfs, ...]) -> None:
    spec = service(tmp_path, text).spec

    assert spec.tmpfs == made
    assert spec.volumes == ((Volume("a", "/b"),) if "a:/b" in text else None if "vol" not in text else ())


def test_the_image_has_it_in_its_annotation() -> None:
    assert annotation.settings_from_json(annotation.settings_to_json(BOTH)) == BOTH
    assert "tmpfs" not in annotation.settings_to_json(Settings())


def test_a_runtime_mounts_what_is_below_after_what_is_above() -> None:
    found = json.loads(runtimespec.config_json(container(settings=BOTH), TARGET))
    validate("config-schema", found, "runtime-spec")

    mounts = [each for each in found["mounts"] if each["destination"].startswith(("/run", "/srv"))]
    assert [each["destination"] for each in mounts] == ["/srv", "/run", "/run/kept", "/srv/cache"]
    assert mounts[1]["options"][:5] == ["nosuid", "nodev", "noexec", "mode=1777", "size=1048576"]


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("docker", "--tmpfs /run:nosuid,nodev,noexec,mode=1777,size=1048576,"),
        ("podman", "--tmpfs /run:nosuid,nodev,noexec,mode=1777,size=1048576,notmpcopyup"),
    ],
)
def test_engines_are_told(stack: str, words: str) -> None:
    assert words in " ".join(load().stack(stack).run(container(settings=BOTH)))


def test_ctr_is_told_in_the_order_of_depth() -> None:
    text = load().stack("containerd").files(container(settings=BOTH), TARGET)["run"]

    places = [text.index(f"dst={each},") for each in ("/srv", "/run", "/run/kept", "/srv/cache")]
    assert places == sorted(places)
    assert "type=tmpfs,src=tmpfs,dst=/run,options=nosuid:nodev:noexec:mode=1777:size=1048576" in text


def test_cri_o_has_none() -> None:
    with pytest.raises(SdkError) as error:
        load().stack("cri-o").files(container(settings=BOTH), TARGET)
    assert str(error.value) == (
        "cri-o can't give a container a directory in memory: /run [no-tmpfs]\n"
        "  hint: use another stack, or leave out tmpfs:"
    )


def test_it_is_its_users_where_the_mode_is_forgotten() -> None:
    """By runc before 1.2, which gives it that of the image's directory."""
    box, ours = container(settings=BOTH, user=(7, 8)), load()

    found = json.loads(runtimespec.config_json(box, TARGET))["mounts"]
    options = next(each["options"] for each in found if each["destination"] == "/run")
    assert options[-2:] == ["uid=7", "gid=8"]
    assert ",size=1048576,uid=7,gid=8 " in " ".join(ours.stack("docker").run(box))
    assert ":size=1048576:uid=7:gid=8" in ours.stack("containerd").files(box, TARGET)["run"]
    assert "uid=7" not in " ".join(ours.stack("podman").run(box)), "which knows no such option"
