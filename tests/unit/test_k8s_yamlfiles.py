"""YAML as Kubernetes reads it: how objects are written, and what is said of files that are none."""

from __future__ import annotations

from typing import Any

import pytest

from sdk_hooks.core.k8s import yamlfiles

from .helpers import fails


def test_objects_are_written_in_their_own_order_and_in_blocks() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "web", "labels": {}},
        "data": {"b": "one\ntwo\n", "a": "x" * 200, "c": "one\ntwo"},
        "list": [{"name": "x", "value": "1.20"}, []],
    }

    assert yamlfiles.dump(manifest) == (
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: web\n"
        "  labels: {}\n"
        "data:\n"
        "  b: |\n"
        "    one\n"
        "    two\n"
        f"  a: {'x' * 200}\n"
        "  c: |-\n"
        "    one\n"
        "    two\n"
        "list:\n"
        "- name: x\n"
        "  value: '1.20'\n"
        "- []\n"
    )


@pytest.mark.parametrize(
    "text",
    ["y", "N", "yes", "off", "~", "null", "1", "1e3", "0o17", "0x1F", "12:30", "2020-01-01", "=", "", ".5",
     "a: b", "# x", "trail \nx", "\tx\ny", "é\n", "1_000", "{{ x }}", "- x", "<<"],
)  # fmt: skip
def test_a_text_stays_a_text_for_every_reader(text: str) -> None:
    assert yamlfiles.documents(yamlfiles.dump({"value": text}), "f") == [{"value": text}]
    plain = text.isprintable() and f"value: {text}\n" == yamlfiles.dump({"value": text})
    assert not plain, "a reader of YAML 1.1 or 1.2 may take it for something else"


def test_words_are_written_without_quotes() -> None:
    assert (
        yamlfiles.dump({"a": "web", "b": "10Mi", "c": "sha256:12ab"}) == "a: web\nb: 10Mi\nc: sha256:12ab\n"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("0644", 0o644),
        ("0o17", 0o17),
        ("-3", -3),
        ("true", True),
    ],
)
def test_values_are_what_kubernetes_takes_them_for(text: str, value: Any) -> None:
    assert yamlfiles.documents(f"a: {text}", "f") == [{"a": value}]


def test_a_job_has_the_same_file_for_each_of_its_versions() -> None:
    for digest in ("0123abcd", "ffffffff"):
        job = {"kind": "Job", "metadata": {"name": f"shop-mig-{digest}"}}
        assert yamlfiles.file_name(job) == "job-shop-mig.yaml"
    assert (
        yamlfiles.file_name({"kind": "Service", "metadata": {"name": "a-0123abcd"}})
        == "service-a-0123abcd.yaml"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b\nc: [1,\nd: e\n", "x.yaml:4:1: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n---\nb: !Ref x\n", "x.yaml:3:4: could not determine a constructor for the tag '!Ref'"),
        ("a: *x\n", "x.yaml:1:4: found undefined alias 'x'"),
        ("a:\tb: c\n", "x.yaml:1:3: found character '\\t' that cannot start any token"),
        ("a: \x00\n", "x.yaml: unacceptable character #x0000: special characters are not allowed"),
        ("[" * 5000, "x.yaml: it is nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, said: str) -> None:
    with fails(f"{said} [bad-yaml]\n  hint: correct it there"):
        yamlfiles.documents(text, "x.yaml")
