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
