"""Versions and relations as rpm has them, boolean ones included."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import functools
import itertools
import shutil
import subprocess

import pytest

from sdk_hooks.core.rpm.rich import conditions, names
from sdk_hooks.core.rpm.version import compare, overlaps, part
from sdk_hooks.packages import Condition, Relation

ORDER = ["~", "", "0", "1.0~~", "1.0~rc1", "1.0~rc1^git", "1.0", "1.0^", "1.0^git1~pre", "1.0^git1", "1.0.a", "1.0.1", "1.1", "1.9",
         "1.10", "2a", "2.0", "10", "20240101"]  # fmt: skip
ODD = [
    "1..0",
    "1.0.",
    "a1",
    "1_0",
    "1.0+x",
    "001.0",
    "1.0.0",
    "~~",
    "^",
    "1~^",
    "fc4",
    "FC4",
    "2.0.1a",
    "é",
    "5.5p10",
    "10xyz",
    "6.0.rc1",
]


def test_versions_are_ordered_as_rpm_orders_them() -> None:
    assert sorted(sorted(ORDER), key=functools.cmp_to_key(part)) == ORDER
    assert compare("1:0.1-1", "9-9") > 0 > compare("1.0-1", "1.0-1.fc40")
    assert compare("1.0-3", "1.0") == compare("0:1-1", "1-1") == compare("1.0", "1_00") == 0


@pytest.mark.skipif(shutil.which("rpm") is None, reason="rpm is not installed: apt-get install rpm")
def test_rpm_is_of_the_same_opinion() -> None:
    pairs = [pair for pair in itertools.product([*ORDER, *ODD], repeat=2) if "" not in pair]
    asked = "".join(f"print(rpm.vercmp('{a}', '{b}') .. ' ')" for a, b in pairs)
    done = subprocess.run(["rpm", "--eval", f"%{{lua:{asked}}}"], capture_output=True, text=True, check=True)
    theirs = list(map(int, done.stdout.split()))
    ours = [(order > 0) - (order < 0) for order in (part(*pair) for pair in pairs)]

    assert [pair for pair, a, b in zip(pairs, ours, theirs, strict=True) if a != b] == []


@pytest.mark.parametrize(("provided", "wanted", "meets"), [
    ("", "", True), ("", ">= 2", True), ("= 1", "", True), ("= 2-1", ">= 2", True), ("= 2-1", "<< 2", False), ("= 2-1", "= 2", True),
    ("= 2-1", ">> 2", False), ("= 2-1", "= 2-2", False), (">= 2", "= 3", True), ("<< 2", ">= 2", False), ("<= 2", ">= 2", True),
    ("= 1:1-1", ">= 9", True), ("= 2~rc1-1", ">= 2", False),
])  # fmt: skip
def test_what_is_provided_may_be_a_range(provided: str, wanted: str, meets: bool) -> None:
    one, other = (Relation("x", *text.split()) for text in (provided, wanted))
    assert overlaps(one, other) is meets


A, B, C = (Relation(name) for name in "abc")


@pytest.mark.parametrize(("text", "meaning"), [
    ("(a or b or c)", [Condition((), (A, B, C))]),
    ("(a and b)", [Condition((), (A,)), Condition((), (B,))]),
    ("(a >= 1 with a < 2)", [Condition((), (Relation("a", ">=", "1", (Relation("a", "<<", "2"),)),))]),
    ("(a if b)", [Condition((B,), (A,))]),
    ("(a if b else c)", [Condition((B,), (A,)), Condition((), (C, B))]),
    ("((a or c) if b)", [Condition((B,), (A, C))]),
    ("(a if (b or c))", [Condition((B,), (A,)), Condition((C,), (A,))]),
    ("(a if (b and c))", [Condition((B, C), (A,))]),
    ("((a and b) or c)", [Condition((), (A, C)), Condition((), (B, C))]),
    ("(pkgconfig(x) >= 1.0 or perl(A::B))", [Condition((), (Relation("pkgconfig(x)", ">=", "1.0"), Relation("perl(A::B)")))]),
    ("(lib.so.1()(64bit) if a(x-y))", [Condition((Relation("a(x-y)"),), (Relation("lib.so.1()(64bit)"),))]),
    ("(a)", [Condition((), (A,))]),
    ("((a or b) with c)", [Condition((), (Relation("a", also=(C,)), Relation("b", also=(C,))))]),
    ("(a without (b or c))", [Condition((), (Relation("a", but=(B, C)),))]),
    ("((a without b) without c)", [Condition((), (Relation("a", but=(B, C)),))]),
    ("(a unless b)", [Condition((), (A,)), Condition((B,), ())]),
    ("(a unless b else c)", [Condition((), (A, B)), Condition((B,), (C,))]),
])  # fmt: skip
def test_boolean_relations_are_read(text: str, meaning: list[Condition]) -> None:
    assert conditions(text) == meaning


@pytest.mark.parametrize("text", [
    "(a without b without c)", "(a unless b if c)", "(a else b)", "(a with b else c)", "(a and b or c)", "(a or)", "(a", "(a if b if c)", "()", "(a or b) c", "(a <)",
])  # fmt: skip
def test_others_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^needs '.*', which can't be followed$") as caught:
        conditions(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("text", "meaning"), [
    ("(a and b)", [Condition((A, B), ())]),
    ("(a or b)", [Condition((A,), ()), Condition((B,), ())]),
    ("(a unless b)", [Condition((A,), (B,))]),
    ("(a with b)", [Condition((Relation("a", also=(B,)),), ())]),
    ("(a if b)", [Condition((A,), ()), Condition((), (B,))]),
])  # fmt: skip
def test_boolean_conflicts_are_what_does_not_hold(text: str, meaning: list[Condition]) -> None:
    assert conditions(text, holds=False) == meaning


@pytest.mark.parametrize("text", ["((a and b) with c)", "((a if b) without c)"])
def test_one_package_can_not_be_several(text: str) -> None:
    with pytest.raises(ValueError, match=r"^needs something that is one package, and several by '(and|if)'$"):
        conditions(text)


@pytest.mark.parametrize(("text", "found"), [
    ("(a >= 1 with a < 2)", ["a"]),
    ("(c or (a and rpmlib(X)))", ["a", "c"]),
    ("(a if b)", ["a", "!b"]),
    ("(a unless b else c)", ["a", "b", "c", "!b"]),
    ("((a if b) if (c if d))", ["a", "d", "!b", "!c"]),
    ("(a xor b)", []),
])  # fmt: skip
def test_names_are_those_that_rpm_looks_for(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_one_that_means_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^needs something that has \d+ conditions$"):
        conditions("(" + " or ".join(f"(a{n} and b{n} and c{n})" for n in range(9)) + ")")
