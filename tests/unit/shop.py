"""An application that has some of everything that Kubernetes is given, as a file and images."""

from __future__ import annotations

from pathlib import Path

from sdk_hooks.core.spec.model import Spec

from .helpers import file, make, write

SHOP = """\
name: shop
containers:
  db:
    image: db
    volumes: ["data:/data"]
    healthcheck: {command: [check]}
    kubernetes: {kind: StatefulSet, storage: 1Gi}
  web:
    image: web
    needs: [db]
    ports: ["8080:80"]
    env: {BRACES: "{{ x }}", LINES: "one\\ntwo"}
    resources: {memory: 64M, cpus: 0.5}
    secrets: [token]
    configs: [{source: conf, target: /etc/conf}]
    kubernetes: {replicas: 2}
  migrate: {image: db, restart: "on-failure:3"}
  tidy-up: {image: db, kubernetes: {schedule: "0 3 * * *"}}
secrets: {token: {file: token}}
configs: {conf: {file: conf}}
"""


def shop(directory: Path, version: str = "1", text: str = SHOP) -> Path:
    """The file of the application, and its images beside it, which differ with *version*."""
    for name in ("db", "web"):
        image(directory, name, version)
    write(directory, {"container.yaml": text, "token": "hush", "conf": "x: {{ .y }}\n"})
    return directory / "container.yaml"


def image(directory: Path, name: str, version: str = "1") -> str:
    """Build the image *name*; gives its digest."""
    program = file(f"usr/bin/{name}", f"#!{version}".encode(), 0o755)
    return make(directory / f"{name}-latest-oci", program, name=name, spec=Spec()).image.digest
