"""What is said of how an image was made."""

from __future__ import annotations

import json
from pathlib import Path

from sdk_hooks.container import HealthCheck, Port
from sdk_hooks.core import disk
from sdk_hooks.core.bom import builder
from sdk_hooks.core.bom.provenance import Asked, statement
from sdk_hooks.core.bom.revision import Revision
from sdk_hooks.core.feeds.feed import parse
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.core.spec.model import File, Spec

from .supplies import built, on_a_base, subject


def test_a_statement_says_what_was_asked_for_and_what_it_was_made_of(tmp_path: Path) -> None:
    made = on_a_base(tmp_path)
    spec = Spec(install=(wanted("web (>= 1)"),), ports=(Port(80, 80),), cmd=("-v",), recommends=False)
    revisions = (Revision("c0ffee", ""), Revision("beef", "", dirty=True, name="meta-shop"))

    found = statement(subject(made), Asked("shop", "recipe", spec, revisions))

    web = made.record.components[0]
    assert found == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "localhost/shop:latest", "digest": {"sha256": made.image.digest[7:]}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://devtool-containers.github.io/container-build/v1",
                "externalParameters": {
                    "name": "shop",
                    "source": "recipe",
                    "spec": {
                        "cmd": ["-v"],
                        "ports": [{"host": 80, "container": 80, "protocol": "tcp", "address": ""}],
                        "install": ["web (>= 1)"],
                        "recommends": False,
                    },
                },
                "internalParameters": {"SOURCE_DATE_EPOCH": 1000, "platform": "linux/amd64"},
                "resolvedDependencies": [
                    {"name": "shop", "digest": {"gitCommit": "c0ffee"}},
                    {"name": "meta-shop", "digest": {"gitCommit": "beef"}, "annotations": {"modified": True}},
                    {"name": "base image", "digest": {"sha256": made.record.base[7:]}},
                    {
                        "name": "web",
                        "uri": "pkg:deb/debian/web@1:2.0-1?arch=all",
                        "digest": {"sha256": web.digest[7:]},
                    },
                ],
            },
            "runDetails": {
                "builder": {
                    "id": "https://devtool-containers.github.io/container-build",
                    "version": {"devtool-containers": builder.version()},
                }
            },
        },
    }


def test_nothing_of_this_machine_is_in_it(tmp_path: Path) -> None:
    made = built(tmp_path)
    spec = Spec(
        base=f"{tmp_path}/base",
        files=(File("/etc/a", source=f"{tmp_path}/a", mode=0o600), File("/etc/b", content="b")),
        feeds=(
            parse(f"{tmp_path}/feed"),
            parse(f"http://somebody:secret@x.example/debian bookworm main key={tmp_path}/key"),
        ),
        healthcheck=HealthCheck(command=("true",)),
        env={"B": "2", "A": "1"},
    )

    text = disk.to_json(statement(subject(made), Asked("shop", "tree", spec))).decode()

    said = json.loads(text)["predicate"]["buildDefinition"]["externalParameters"]["spec"]
    assert str(tmp_path) not in text
    assert "secret" not in text
    assert said["feeds"] == ["a directory", "http://x.example/debian bookworm"]
    assert said["files"] == [
        {"target": "/etc/a", "owner": "0:0", "mode": 0o600},
        {"target": "/etc/b", "owner": "0:0", "content": "b"},
    ]
    assert sorted(said) == ["env", "feeds", "files", "healthcheck"]
