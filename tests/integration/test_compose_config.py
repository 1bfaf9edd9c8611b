"""Compose files of several parts mean what docker-compose itself makes of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core import applications

pytestmark = pytest.mark.integration

FILES = {
    "compose.yaml": """\
services:
  web:
    extends: {service: base, file: lib/base.yaml}
    image: "web:${TAG:-1}"
    command: serve --all
    environment: [A=1, "B=${TAG}", C=]
    ports: ["8080:80"]
    volumes: ["data:/data", "/srv/a:/a:ro"]
    depends_on: [db]
    tmpfs: /run
    healthcheck: {test: [CMD, ok], interval: 9s}
    networks: [front]
  db: {extends: small, image: db, restart: always}
  small: {image: small, user: "7", environment: {S: s}, ulimits: {nofile: 99}}
volumes: {data: }
networks: {front: }
""",
    "compose.override.yaml": """\
services:
  web:
    command: [other]
    environment: {A: 2, D: "$$x"}
    ports: ["127.0.0.1:8081:81/udp", "8080:80"]
    volumes: ["/srv/b:/a"]
    tmpfs: [/var/run]
    cap_add: [SYS_TIME]
    healthcheck: {retries: 7}
    networks: {back: }
  extra: {image: extra, stop_signal: SIGINT, extra_hosts: ["a:10.0.0.1"]}
networks: {back: {internal: true}}
""",
    "lib/base.yaml": """\
services:
  base: {extends: root, env_file: base.env, cap_add: [NET_ADMIN], read_only: true, restart: "on-failure:3"}
  root: {image: root, working_dir: /w, environment: {A: 0, R: r}, extra_hosts: ["a:10.0.0.2"]}
""",
    "lib/base.env": "A=file\nZ='a b'\n# remark\nQ=1\n",
    ".env": 'MADE=1\nTAG="${MADE}9"\n',
}


def test_parts_are_put_together_as_docker_compose_does(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made = subprocess.run(
        ["docker-compose", "config"],
        cwd=tmp_path / "shop",
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text(made.stdout)
    wanted, found = (applications.load(each) for each in (theirs, tmp_path / "shop" / "compose.yaml"))

    assert sorted(found.containers) == sorted(wanted.containers)
    for name, entry in wanted.containers.items():
        ours = found.containers[name]
        assert _sorted(ours.spec) == _sorted(entry.spec), name
        assert (ours.image, set(ours.needs)) == (entry.image, set(entry.needs))
        assert set(ours.networks or ()) == set(entry.networks or ())
    assert found.networks == wanted.networks


def _sorted(spec: object) -> dict[str, object]:
    """Lists are in another order there, and nothing depends on that."""
    return {
        name: sorted(map(str, value))
        if isinstance(value, tuple) and name not in ("cmd", "entrypoint")
        else value
        for name, value in vars(spec).items()
    }
