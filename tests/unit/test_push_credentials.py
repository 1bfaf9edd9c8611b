"""Logins from the files of those who log in, and from helpers, which are real programs."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from sdk_hooks.core.push import credentials
from sdk_hooks.core.push.credentials import Login, find
from sdk_hooks.core.push.place import parse

from .helpers import fails

PLACE = parse("a.example:5000/team")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$DOCKER_CONFIG's file, where no other one is."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker" / "config.json"


def entry(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def put(path: Path, **content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def helper(tmp_path: Path, script: str, name: str = "test") -> Path:
    path = tmp_path / "bin" / f"docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def user(repository: str = "team/web", place: str = "a.example:5000/team") -> str:
    found = find(parse(place), repository)
    return f"{found.user}:{found.password}" if found else ""


def test_without_any_file_there_is_none(config: Path) -> None:
    assert find(PLACE, "team/web") is None


def test_the_entry_with_the_longest_path_counts(config: Path) -> None:
    names = (
        "a.example:5000",
        "a.example:5000/team",
        "a.example:5000/team/web",
        "a.example",
        "a.example:5000/tea",
    )
    put(config, auths={name: entry(f"{name.replace(':', '-')}:x") for name in names})

    assert user("team/web") == "a.example-5000/team/web:x"
    assert user("team/other") == "a.example-5000/team:x"
    assert user("else") == "a.example-5000:x"
    assert user(place="b.example") == ""
    assert user(place="a.example") == "a.example:x"


@pytest.mark.parametrize(
    "key", ["https://a.example:5000", "https://a.example:5000/v1/", "a.example:5000/v2/"]
)
def test_keys_may_be_addresses(config: Path, key: str) -> None:
    put(config, auths={key: entry("me:secret")})
    assert user() == "me:secret"


def test_docker_hub_has_its_own_key(config: Path) -> None:
    put(config, auths={"https://index.docker.io/v1/": entry("me:hub")})
    assert user("me/web", "docker.io/me") == "me:hub"


def test_user_and_password_may_be_written_and_a_token_may_stand_for_them(config: Path) -> None:
    put(config, auths={"a.example:5000": {"username": "me", "password": "a:b"}})
    assert user() == "me:a:b"
    put(config, auths={"a.example:5000": {**entry("me:x"), "identitytoken": "t"}})
    assert find(PLACE, "team/web") == Login(str(config), "me", token="t")


def test_files_are_asked_in_the_order_of_engines(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(os.environ["HOME"])
    found = []
    monkeypatch.delenv("DOCKER_CONFIG")
    for number, path in enumerate(
        (
            home / ".docker" / "config.json",
            home / ".config" / "containers" / "auth.json",
            tmp_path / "run" / "containers" / "auth.json",
            tmp_path / "own.json",
        )
    ):
        put(path, auths={"a.example:5000": entry(f"{number}:x")})
        if path.name == "own.json":
            monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
        found.append(user())
    assert found == ["0:x", "1:x", "2:x", "3:x"]
    put(tmp_path / "own.json", auths={"b.example": entry("other:x")})
    assert user() == "2:x"


def test_helpers_are_asked_for_what_is_theirs(config: Path, tmp_path: Path) -> None:
    helper(tmp_path, 'read -r key; echo "{\\"Username\\": \\"me\\", \\"Secret\\": \\"$1 $key\\"}"')
    put(config, credHelpers={"a.example:5000": "test"}, auths={"a.example:5000": entry("no:no")})
    assert find(PLACE, "team/web") == Login("docker-credential-test", "me", "get a.example:5000")
    put(config, credHelpers={"docker.io": "test"})
    assert user("me/web", "docker.io/me") == "me:get https://index.docker.io/v1/"
    put(config, credsStore="test", auths={"a.example:5000": {}})
    assert user() == "me:get a.example:5000"
    put(config, credsStore="test", auths={"a.example:5000": entry("file:x")})
    assert user() == "file:x"


def test_a_helper_may_have_a_token_or_nothing(config: Path, tmp_path: Path) -> None:
    put(config, credsStore="test")
    helper(tmp_path, 'cat >/dev/null; echo \'{"Username": "<token>", "Secret": "t"}\'')
    assert find(PLACE, "team/web") == Login("docker-credential-test", token="t")
    helper(tmp_path, "cat >/dev/null; echo credentials not found in native keychain; exit 1")
    assert find(PLACE, "team/web") is None


FAILING = {
    "echo >&2; echo locked >&2; exit 3": "locked",
    "exit 3": "exit status 3",
    "echo secret": "its answer is no login",
    "echo '[]'": "its answer is no login",
    "exec sleep 60": "it has not answered in 1 s",
    "": "there is no such program",
}


@pytest.mark.parametrize("script", FAILING)
def test_a_helper_that_fails_is_told(
    config: Path, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(config, credHelpers={"a.example:5000": "test"})
    monkeypatch.setattr(credentials, "PATIENCE", 1)
    if script:
        helper(tmp_path, script)

    with fails(
        f"the credential helper 'docker-credential-test' fails [credential-helper]\n  {FAILING[script]}\n"
        "  hint: repair it, or export REGISTRY_AUTH_FILE=FILE; skopeo login REGISTRY"
    ):
        find(PLACE, "team/web")


@pytest.mark.parametrize(
    "content",
    [
        "{secret",
        '["secret"]',
        '{"auths": ["secret"]}',
        '{"auths": {"a.example:5000": "secret"}}',
        '{"auths": {"a.example:5000": {"auth": "secret!"}}}',
        '{"auths": {"a.example:5000": {"auth": "/w=="}}}',
        '{"auths": {"a.example:5000": {"auth": 1}}}',
    ],
)
def test_a_damaged_file_is_told_without_what_is_in_it(config: Path, content: str) -> None:
    config.write_text(content)

    with fails(
        f"the file with logins '{config}' is damaged [bad-logins]\n"
        "  hint: move it away and log in again: skopeo login REGISTRY"
    ):
        find(PLACE, "team/web")


def test_a_file_that_can_not_be_read_is_told(config: Path) -> None:
    config.mkdir()

    with fails(
        f"can't read '{config}' [unreadable]\n  Is a directory\n"
        "  hint: move it away and log in again: skopeo login REGISTRY"
    ):
        find(PLACE, "team/web")


def test_secrets_are_in_no_text() -> None:
    assert repr(Login("file", "me", "secret", "token")) == "Login(source='file')"
