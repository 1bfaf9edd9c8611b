"""`k8s-deploy --helm`: what can be set, and what of a chart is the person's own."""

from __future__ import annotations

import difflib
from pathlib import Path

from sdk_hooks.core.k8s.kept import STATE

from .helpers import write
from .shop import image
from .shopfiles import place, read, run

__all__ = ["place"]


VALUES = """\
# What may be set when it is installed: helm install --set KEY=VALUE, or --values FILE.
db:
  image: localhost/db:DB
  replicas: null # as many as there are; or a number
  resources: {}
web:
  image: localhost/web:WEB
  replicas: 2
  resources:
    limits:
      memory: '67108864'
      cpu: 500m
    requests:
      memory: '67108864'
      cpu: 500m
  service:
    type: ClusterIP
migrate:
  image: localhost/db:DB
  resources: {}
tidy_up:
  image: localhost/db:DB
  resources: {}
"""
CHART = """\
apiVersion: v2
name: shop
description: shop on Kubernetes
type: application
version: 0.1.0
kubeVersion: '>=1.21.0-0'
"""


def changed(place: Path, name: str) -> list[str]:
    """How a template of the chart differs from the file of the base, without spaces at the start of lines."""
    base, template = place / "out" / "base" / name, place / "chart" / "templates" / name
    before, after = (path.read_text().splitlines() for path in (base, template))
    lines = [*difflib.unified_diff(before, after, n=0)][2:]
    return [f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-"]


def test_a_chart_has_values_for_what_people_change(place: Path) -> None:
    digests = {name.upper(): image(place, name).replace(":", "-") for name in ("db", "web")}
    assert run("container.yaml", "--output", "out") == run("container.yaml", "--helm", "chart") == 0

    values = (place / "chart" / "values.yaml").read_text()
    for name, digest in digests.items():
        values = values.replace(digest, name)
    assert values == VALUES
    assert (place / "chart" / "Chart.yaml").read_text() == CHART
    assert (place / "chart" / ".helmignore").read_text() == f"{STATE}\n"
    service = [
        "- app.kubernetes.io/managed-by: devtool-containers",
        "+ app.kubernetes.io/managed-by: {{ .Release.Service }}",
    ]
    assert changed(place, "deployment-shop-web.yaml") == [
        *service,
        "- replicas: 2",
        '+ {{- if not (kindIs "invalid" .Values.web.replicas) }}',
        "+ replicas: {{ .Values.web.replicas }}",
        "+ {{- end }}",
        *service,
        f"- image: localhost/web:{digests['WEB']}",
        "+ image: {{ .Values.web.image | quote }}",
        "- value: '{{ x }}'",
        "+ value: '{{ `{{` }} x }}'",
        "- limits:", "- memory: '67108864'", "- cpu: 500m",
        "- requests:", "- memory: '67108864'", "- cpu: 500m",
        "+ {{- toYaml .Values.web.resources | nindent 10 }}",
    ]  # fmt: skip
    assert changed(place, "service-shop-web.yaml") == [
        *service,
        "- type: ClusterIP",
        "+ type: {{ .Values.web.service.type }}",
    ]
    assert changed(place, "configmap-shop-web-config.yaml") == [
        *service,
        "- x: {{ .y }}",
        "+ x: {{ `{{` }} .y }}",
    ]
    job = read(place / "out" / "base" / "job-shop-migrate.yaml")["metadata"]["name"]
    assert changed(place, "job-shop-migrate.yaml")[:2] == [
        f"- name: {job}",
        "+ name: shop-migrate-{{ .Release.Revision }}",
    ]


def test_a_chart_for_an_old_cluster_is_for_none_that_is_too_new(place: Path) -> None:
    run("container.yaml", "--helm", "chart", "--kubernetes-version", "1.20")

    assert read(place / "chart" / "Chart.yaml")["kubeVersion"] == ">=1.20.0-0 <1.25.0-0"


def test_changes_in_a_chart_are_kept(place: Path) -> None:
    run("container.yaml", "--helm", "chart")
    values, template = (
        place / "chart" / "values.yaml",
        place / "chart" / "templates" / "deployment-shop-web.yaml",
    )
    own = values.read_text().replace("replicas: 2", "replicas: 5 # five")
    mine = template.read_text().replace("spec:\n  {{-", "spec:\n  paused: false\n  {{-", 1)
    values.write_text(own)
    template.write_text(mine)
    before, after = image(place, "web"), image(place, "web", "2")
    text = (place / "container.yaml").read_text().replace("LINES:", "MORE: x, LINES:")
    write(place, {"container.yaml": text})

    assert run("container.yaml", "--helm", "chart") == 0

    assert values.read_text() == own.replace(before.replace(":", "-"), after.replace(":", "-"))
    assert "  paused: false\n  {{- if not" in template.read_text()
    assert "        - name: MORE\n          value: x\n" in template.read_text()
