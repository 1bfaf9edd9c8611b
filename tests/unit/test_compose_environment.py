"""`environment:` of compose files: variables that are passed on by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core import applications

from .helpers import fails, write


@pytest.fixture(autouse=True)
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".env": "FROM_FILE=f\nBOTH=file\n"})
    for name, value in {"HERE": "a $NONE", "EMPTY": "", "BOTH": "here"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOWHERE", raising=False)


def environment(directory: Path, text: str) -> object:
    file = write(directory, {"compose.yaml": f"services: {{a: {{image: b, environment: {text}}}}}"})
    return applications.load(file / "compose.yaml").containers["a"].spec.env


@pytest.mark.parametrize("text", ["[HERE, EMPTY, BOTH, FROM_FILE, NOWHERE, X=1]",
                                  "{HERE: , EMPTY: , BOTH: ~, FROM_FILE: , NOWHERE: , X: 1}"])  # fmt: skip
def test_a_name_without_a_value_has_the_callers_one_or_that_of_the_dotenv(tmp_path: Path, text: str) -> None:
    assert environment(tmp_path, text) == {
        "HERE": "a $NONE", "EMPTY": "", "BOTH": "here", "FROM_FILE": "f", "X": "1",
    }  # fmt: skip


def test_an_empty_text_is_a_value(tmp_path: Path) -> None:
    assert environment(tmp_path, "{HERE: '', BOTH: ''}") == environment(tmp_path, "[HERE=, BOTH=]")


def test_services_may_share_what_is_passed_on(tmp_path: Path) -> None:
    text = "x-e: &e [HERE, NOWHERE]\nx-m: &m {BOTH: , A: 1}\nservices:\n"
    for name in ("a", "b"):
        text += f"  {name}: {{image: x, environment: *e}}\n"
        text += f"  {name}m: {{image: x, environment: {{<<: *m, A: 2}}}}\n"
    found = applications.load(write(tmp_path, {"compose.yaml": text}) / "compose.yaml").containers

    said = {name: entry.spec.env for name, entry in found.items()}
    assert said["a"] == said["b"] == {"HERE": "a $NONE"}
    assert said["am"] == said["bm"] == {"BOTH": "here", "A": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[A:b]", "1:40: 'services.a.environment': 'A:b' has no '=' [bad-spec]"),
        ("{[A]: }", "1:40: a key must be a text [bad-spec]"),
        (
            "[[A]]",
            "1:40: 'services.a.environment' wants a text [bad-spec]\n  hint: write \"\" for an empty one",
        ),
    ],
)
def test_what_is_no_name_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with fails(f"{tmp_path / 'compose.yaml'}:{message}"):
        environment(tmp_path, text)


def test_our_own_files_pass_nothing_on(tmp_path: Path) -> None:
    path = write(tmp_path, {"app.yaml": "containers: {a: {env: [HERE]}}"}) / "app.yaml"
    with fails(f"{path}:1:24: 'containers.a.env': 'HERE' has no '=' [bad-spec]"):
        applications.load(path)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${OUTER}/x", "outer/x"),
        ("$BEFORE-$OUTER", "before-outer"),
        ('"${BEFORE} # ${NONE:-$OUTER}"  # remark', "before # outer"),
        ("'${BEFORE}'", "${BEFORE}"),
        ("a$$b", "a$b"),
        ("<$NONE${BEFORE:+set}>", "<set>"),
        (r'"a\nb\t\"c\" \$BEFORE \\ \x"', 'a\nb\t"c" $BEFORE \\ \\x'),
        (r"a\nb", r"a\nb"),
        ("$TWICE", "outer"),
    ],
)
def test_values_of_files_are_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    """As compose does: the caller's variables first, then those of lines before."""
    monkeypatch.setenv("OUTER", "outer")
    monkeypatch.setenv("TWICE", "outer")
    write(
        tmp_path,
        {".env": f"BEFORE=before\nTWICE=file\nX={value}\n", "own.env": f"BEFORE=before\nX={value}\n"},
    )
    text = "services: {a: {image: b, environment: [X]}, b: {image: b, env_file: own.env}}"
    found = applications.load(write(tmp_path, {"compose.yaml": text}) / "compose.yaml").containers

    assert [(found[name].spec.env or {})["X"] for name in "ab"] == [said, said]


def test_a_value_that_has_to_be_there_is_told_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, {".env": "# remark\nA=${V?tell}\n"})
    with fails(f"{tmp_path}/.env:2: the variable 'V' is not set: tell [bad-spec]\n  hint: export V=..."):
        environment(tmp_path, "[A]")


@pytest.mark.parametrize("whose", ["service:b", "container:b"])
def test_the_network_of_another_container_is_refused(tmp_path: Path, whose: str) -> None:
    text = f"services: {{a: {{image: b, network_mode: '{whose}'}}}}"
    with fails(
        f"{tmp_path}/compose.yaml:1:40: 'services.a.network_mode': no container has the network of another "
        f"one: {whose!r} [bad-spec]\n"
        "  hint: let both join one: networks:; or give both that of the target: network_mode: host"
    ):
        applications.load(write(tmp_path, {"compose.yaml": text}) / "compose.yaml")
