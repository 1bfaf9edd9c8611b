"""Three-way merges: both changes are kept, or named."""

from __future__ import annotations

from typing import Any

import pytest

from sdk_hooks.core.k8s import linemerge, merge
from sdk_hooks.core.k8s.merge import MISSING, Clash

CONTAINER = {"name": "web", "image": "a", "env": [{"name": "A", "value": "1"}]}


@pytest.mark.parametrize(
    ("before", "theirs", "ours", "wanted"),
    [
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"b": 3, "a": 1}, {"a": 1, "c": 4}, {"b": 3, "a": 1, "c": 4}),
        ({"a": 1, "b": 1}, {"a": 1}, {"a": 2, "b": 1}, {"a": 2}),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1}, {"a": 2}),
        ({}, {"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"x": 1, "y": 1}}),
        ({"resources": ["a", "b"]}, {"resources": ["b", "mine"]}, {"resources": ["a", "b", "c"]},
         {"resources": ["b", "mine", "c"]}),
        ({"c": [CONTAINER]}, {"c": [{**CONTAINER, "tty": True}, {"name": "more"}]},
         {"c": [{**CONTAINER, "image": "b"}]},
         {"c": [{**CONTAINER, "tty": True, "image": "b"}, {"name": "more"}]}),
        ({"m": [{"name": "v", "mountPath": "/a"}]},
         {"m": [{"name": "v", "mountPath": "/a", "readOnly": True}]},
         {"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
         {"m": [{"name": "v", "mountPath": "/a", "readOnly": True}, {"name": "v", "mountPath": "/b"}]}),
    ],
)  # fmt: skip
def test_what_both_sides_changed_is_kept(before: Any, theirs: Any, ours: Any, wanted: Any) -> None:
    assert merge.merge(before, theirs, ours) == (wanted, [])


@pytest.mark.parametrize(
    ("before", "theirs", "ours", "clash"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}, Clash("a.b", 1, 2, 3)),
        ({"a": 1}, {}, {"a": 2}, Clash("a", 1, MISSING, 2)),
        ({"a": 1}, {"a": 2}, {}, Clash("a", 1, 2, MISSING)),
        ({}, {"a": 1}, {"a": True}, Clash("a", MISSING, 1, True)),
        ({"args": ["a"]}, {"args": ["a", "b"]}, {"args": ["c"]}, Clash("args", ["a"], ["a", "b"], ["c"])),
        ({"c": [CONTAINER]}, {"c": [{**CONTAINER, "image": "mine"}]}, {"c": [{**CONTAINER, "image": "b"}]},
         Clash("c[web].image", "a", "mine", "b")),
        ({"l": [{"name": "x"}]}, {"l": [{"name": "x"}, {"name": "x"}]}, {"l": []},
         Clash("l", [{"name": "x"}], [{"name": "x"}, {"name": "x"}], [])),
    ],
)  # fmt: skip
def test_a_field_that_both_changed_is_named_and_left_as_it_is(
    before: Any, theirs: Any, ours: Any, clash: Clash
) -> None:
    assert merge.merge(before, theirs, ours) == (theirs, [clash])


def test_a_merge_of_lines_keeps_comments_and_lines_next_to_each_other() -> None:
    before, theirs, ours = "a: 1\nb: 2\nc: 3\n", "# mine\na: 1\nb: 4\nc: 3\n", "a: 1\nb: 2\nc: 5\nd: 6\n"

    assert linemerge.merge(before, theirs, ours, careful=False) == "# mine\na: 1\nb: 4\nc: 5\nd: 6\n"
    assert linemerge.merge(before, theirs, ours, careful=True) is None
    assert linemerge.merge(before, theirs, "a: 1\nb: 3\nc: 3\n", careful=False) is None
    assert linemerge.merge(before, theirs, theirs, careful=True) == theirs
    assert linemerge.merge(before, before + "x\n", before + "y\n", careful=False) is None
