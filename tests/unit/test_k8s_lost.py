"""A node that is lost while it is given images: the cluster is asked whether it is there, for a while."""

from __future__ import annotations

import time

import pytest

from devtool_plugins import cluster_nodes
from devtool_plugins.session import Session
from sdk_hooks.core.k8s.cluster import Node
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError

A, B = (Node(name, "amd64", "containerd://2", "v1", "10.0.0.1", {}, True) for name in ("a", "b"))


def failed(code: str, *nodes: Node) -> list[tuple[Node, SdkError]]:
    return [(node, SdkError("it went", hint="deploy again", code=code)) for node in nodes]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_nodes, "_NOTICED", 0.3)
    monkeypatch.setattr(cluster_nodes, "_PAUSE", 0.02)


def test_a_connection_that_was_lost_is_waited_for_until_the_cluster_notices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = [{"a", "b"}, {"b"}, set[str]()]
    left = cluster_nodes._there(failed("connection-lost", A, B), lambda: answers.pop(0), Session(Ui()))

    assert (left, answers) == ([], [])
    assert capsys.readouterr().err == (
        "a, b: the connection was lost: waiting for what the cluster says of it\n"
    )


def test_a_node_that_stays_ready_is_waited_for_no_longer_than_that() -> None:
    begun = time.monotonic()
    left = cluster_nodes._there(failed("connection-lost", A, B), lambda: {"b"}, Session(Ui(quiet=True)))

    assert [node.name for node, _ in left] == ["b"]
    assert time.monotonic() - begun >= 0.3


def test_what_never_answered_is_asked_for_once() -> None:
    asked: list[int] = []

    def ready() -> set[str]:
        asked.append(1)
        return {"a"}

    assert cluster_nodes._there(failed("unreachable", A), ready, Session(Ui(quiet=True)))
    assert cluster_nodes._there([], ready, Session(Ui(quiet=True))) == []
    assert len(asked) == 1


def test_who_has_to_do_something_is_told_what() -> None:
    [(node, error)] = failed("unreachable", A)
    assert str(cluster_nodes._not_brought(node, error)) == (
        "the node 'a' can't be given the images: it went [unreachable]\n"
        "  hint: the cluster says it is ready; is it off? leave it out: kubectl cordon a"
    )
    [(node, error)] = failed("load-failed", A)
    assert str(cluster_nodes._not_brought(node, error)) == (
        "the node 'a' can't be given the images: it went [load-failed]\n  hint: deploy again"
    )
