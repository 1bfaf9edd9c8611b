"""build.py and imageconfig.py: what is in an image, and what the image-spec's schemas say of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sdk_hooks.container import HealthCheck, Port, Volume
from sdk_hooks.core import build
from sdk_hooks.core.files.fileset import Entry
from sdk_hooks.core.oci import imageconfig
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.spec.annotation import settings_from_json
from sdk_hooks.core.spec.model import File, LayerRule, Spec
from sdk_hooks.image import SETTINGS, Image
from sdk_hooks.target import Platform

from .helpers import content, fails, file, flat, folder, group, make, source, write
from .schemas import validate

PROGRAM = ("usr/bin/web", b"#!", 0o755)
FULL = Spec(
    image="registry.example/team/web",
    tag="v1.2",
    entrypoint=("/usr/bin/web", "--fixed"),
    cmd=("arg",),
    env={"A": "1", "PATH": "/opt/bin"},
    user="nonroot",
    workdir="/srv/app",
    ports=(Port(80, 8080), Port(53, 53, "udp")),
    volumes=(Volume("data", "/var/lib/web"),),
    labels={"b": "2", "a": "ü"},
    author="Ann <ann@example.org>",
    stop_signal="SIGINT",
    healthcheck=HealthCheck(port=8080),
    files=(File("/etc/web.conf", content="x"),),
    read_only=True,
)


def check(image: Image) -> None:
    """All of *image* is what the image-spec says."""
    validate("image-layout-schema", json.loads((image.layout / "oci-layout").read_bytes()))
    index = json.loads((image.layout / "index.json").read_bytes())
    validate("image-index-schema", index)
    validate("image-manifest-schema", json.loads(image.blob(image.descriptor).read_bytes()))
    validate("config-schema", json.loads(image.blob(image.config_descriptor).read_bytes()))
    for entry in (*index["manifests"], image.manifest["config"], *image.manifest["layers"]):
        validate("content-descriptor", entry)
    assert [layer.digest for layer in image.layers] == list(image.diff_ids)
    assert len(image.config["history"]) == len(image.layers)


@pytest.mark.parametrize("spec", [Spec(), FULL])
def test_an_image_is_what_the_image_spec_says(tmp_path: Path, spec: Spec) -> None:
    check(make(tmp_path / "x", spec=spec).image)


def test_the_schemas_can_say_no() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate("image-manifest-schema", {"schemaVersion": 2, "config": {"mediaType": "x"}, "layers": []})
    with pytest.raises(jsonschema.ValidationError):
        validate("content-descriptor", {"mediaType": "a/b", "size": 1, "digest": "sha256 00"})


def test_an_image_of_one_program_has_these_files_and_this_config(tmp_path: Path) -> None:
    built = make(tmp_path / "x")

    assert {name: (m.mode, m.uid, m.gid) for name, m in flat(built.image).items()} == {
        "etc": (0o755, 0, 0),
        "etc/group": (0o644, 0, 0),
        "etc/passwd": (0o644, 0, 0),
        "tmp": (0o1777, 0, 0),
        "usr": (0o755, 0, 0),
        "usr/bin": (0o755, 0, 0),
        "usr/bin/web": (0o755, 0, 0),
    }
    assert content(built.image, "etc/passwd") == (
        b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
    )
    assert dict(built.image.config) == {
        "created": "1970-01-01T00:16:40Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": "65532:65532",
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": ["/usr/bin/web"],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.blob.digest for layer in built.layers]},
        "history": [
            {
                "created": "1970-01-01T00:16:40Z",
                "created_by": "devtool-containers: base-files: users, groups, /tmp",
            },
            {"created": "1970-01-01T00:16:40Z", "created_by": "devtool-containers: application"},
        ],
    }


def test_all_that_the_spec_says_is_in_the_config(tmp_path: Path) -> None:
    image = make(tmp_path / "x", spec=FULL).image

    assert image.name == "registry.example/team/web:v1.2"
    assert image.config["author"] == "Ann <ann@example.org>"
    assert image.config["config"] == {
        "User": "nonroot",
        "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
        "Env": ["PATH=/opt/bin", "A=1"],
        "Entrypoint": ["/usr/bin/web", "--fixed"],
        "Cmd": ["arg"],
        "Volumes": {"/var/lib/web": {}},
        "WorkingDir": "/srv/app",
        "Labels": {"a": "ü", "b": "2"},
        "StopSignal": "SIGINT",
    }
    assert settings_from_json(image.manifest["annotations"][SETTINGS]) == FULL.settings()


def test_the_specs_own_files_are_on_top(tmp_path: Path) -> None:
    built = make(tmp_path / "x", spec=FULL)
    members = flat(built.image)

    assert [layer.comment for layer in built.layers] == [
        "base-files: users, groups, /tmp",
        "application",
        "configuration: files of container.yaml",
    ]
    assert (members["var/lib/web"].uid, members["var/lib/web"].gid) == (65532, 65532)
    assert (members["srv/app"].uid, members["var/lib"].uid) == (0, 0)
    assert content(built.image, "etc/web.conf") == b"x"


def test_a_tree_with_its_own_users_gets_no_others(tmp_path: Path) -> None:
    passwd = file("etc/passwd", b"www:x:33:33::/:\n")
    built = make(tmp_path / "x", file(*PROGRAM), passwd, spec=Spec(user="www"))

    assert [layer.comment for layer in built.layers] == ["application"]
    assert built.image.config["config"]["User"] == "www"


def test_layer_rules_make_layers(tmp_path: Path) -> None:
    spec = Spec(layers=(LayerRule("www", ("/srv/**",)),))
    built = make(tmp_path / "x", file(*PROGRAM), file("srv/a", b"x"), spec=spec)

    assert [layer.comment.partition(":")[0] for layer in built.layers] == ["base-files", "www", "application"]


def test_the_variant_is_in_config_and_index(tmp_path: Path) -> None:
    app = source(file(*PROGRAM), platform=Platform("arm", "v7"))
    image = build.build("web", app, Spec(), tmp_path / "x", 5).image

    check(image)
    assert str(image.platform) == "linux/arm/v7"
    index: Any = json.loads((tmp_path / "x/index.json").read_bytes())
    assert index["manifests"][0]["platform"] == {"architecture": "arm", "os": "linux", "variant": "v7"}


def test_an_image_that_nothing_says_the_architecture_of_is_an_error(tmp_path: Path) -> None:
    with fails(
        "nothing says which architecture 'web' is for: it has no program [no-platform]\n"
        "  hint: say it: --platform linux/arm64"
    ):
        build.build("web", source(file("a"), platform=None), Spec(), tmp_path / "x", 5)
    assert not (tmp_path / "x").exists()


def test_an_image_whose_program_is_not_clear_is_an_error_and_the_old_one_stays(tmp_path: Path) -> None:
    old = make(tmp_path / "x").image

    with fails(
        "which program 'web' is to run is not clear [no-entrypoint]\n"
        "  programs: none\n"
        "  hint: say it: --entrypoint /path/to/program, or entrypoint: in container.yaml"
    ):
        make(tmp_path / "x", file("etc/conf"))

    assert Layout(tmp_path / "x").image() == old


def test_a_command_alone_needs_no_entrypoint(tmp_path: Path) -> None:
    image = make(tmp_path / "x", file("bin/x"), spec=Spec(cmd=("/bin/x",))).image

    assert image.config["config"]["Cmd"] == ["/bin/x"]
    assert "Entrypoint" not in image.config["config"]


def test_a_second_build_writes_what_changed_and_knows_what_was_there(tmp_path: Path) -> None:
    first = make(tmp_path / "x", file(*PROGRAM))
    second = make(tmp_path / "x", file(*PROGRAM))
    third = make(tmp_path / "x", file("usr/bin/web", b"#!changed", 0o755))

    assert first.previous is None
    assert first.written > 0
    assert second.previous == second.image == first.image
    assert [layer.reused for layer in second.layers] == [True, True]
    assert second.written == 0
    assert [layer.reused for layer in third.layers] == [True, False]
    assert third.written == third.layers[1].blob.size
    assert third.previous is not None
    assert third.previous.digest == first.image.digest


def test_files_are_no_younger_than_the_epoch_in_every_layer(tmp_path: Path) -> None:
    entries = (file(*PROGRAM, mtime=2**31), file("old", mtime=3), folder("d")._replace(mtime=2**31))

    times = {name: m.mtime for name, m in flat(make(tmp_path / "x", *entries, epoch=1000).image).items()}

    assert (times["usr/bin/web"], times["old"], times["d"]) == (1000, 3, 1000)


def test_there_are_at_most_forty_layers(tmp_path: Path) -> None:
    app = source(file(*PROGRAM))
    below = [group(f"g{number}", file(f"g{number}")) for number in range(60)]

    built = build.build(
        "web", dataclasses.replace(app, groups=[*below, *app.groups]), Spec(), tmp_path / "x", 5
    )

    assert len(built.layers) == 40
    assert "usr/bin/web" in flat(built.image)
    assert {f"g{number}" for number in range(60)} <= flat(built.image).keys()


@pytest.mark.parametrize(("text", "epoch"), [("", 1302044400), ("0", 0), ("1700000000", 1700000000)])
def test_the_epoch_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, epoch: int) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)

    assert build.source_date_epoch() == epoch


@pytest.mark.parametrize("text", ["now", "-1", "1.5", "²", "99999999999"])
def test_an_epoch_that_is_no_time_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)

    with fails(
        f"SOURCE_DATE_EPOCH is '{text}' [bad-variable]\n  hint: set it to seconds since 1970, or unset it"
    ):
        build.source_date_epoch()


def test_the_last_epoch_can_be_written(tmp_path: Path) -> None:
    image = make(tmp_path / "x", file(*PROGRAM, mtime=2**40), epoch=0o77777777777).image

    assert image.config["created"] == "2242-03-16T12:56:31Z"
    assert flat(image)["usr/bin/web"].mtime == 0o77777777777


@pytest.mark.parametrize(
    ("spec", "base", "user"),
    [
        (Spec(), {}, "65532:65532"),
        (Spec(), {"config": {"User": "www"}}, "www"),
        (Spec(), {"config": None}, "65532:65532"),
        (Spec(user="0"), {"config": {"User": "www"}}, "0"),
    ],
)
def test_nobody_is_root_by_chance(spec: Spec, base: dict[str, Any], user: str) -> None:
    assert imageconfig.user(spec, base) == user


def test_a_file_of_the_spec_replaces_one_of_the_application(tmp_path: Path) -> None:
    write(tmp_path, {"conf": "new"})
    spec = Spec(files=(File("/etc/conf", source=f"{tmp_path}/conf"),))

    image = make(tmp_path / "x", file(*PROGRAM), file("etc/conf", b"old"), spec=spec).image

    assert content(image, "etc/conf") == b"new"


def test_an_entry_with_everything_comes_through(tmp_path: Path) -> None:
    entry = Entry(
        "ping", "0", 0o4711, 5, 2**22, size=1, data=b"x", xattrs=(("security.capability", b"\1\0"),)
    )

    member = flat(make(tmp_path / "x", file(*PROGRAM), entry).image)["ping"]

    assert (member.mode, member.uid, member.gid) == (0o4711, 5, 2**22)
    assert member.pax_headers["SCHILY.xattr.security.capability"] == "\1\0"
