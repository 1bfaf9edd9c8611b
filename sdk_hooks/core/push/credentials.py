"""Logins to registries, from where the programs that log in leave them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdk_hooks.core.push.place import Place
from sdk_hooks.errors import SdkError

PATIENCE = 30.0
"""Seconds that a credential helper may take: some ask a server."""
_NONE = "credentials not found"
"""What a helper says that knows no login; others fail."""
_TOKEN_USER = "<token>"  # noqa: S105  no password: by this name a helper says that its secret is a token


@dataclass(frozen=True)
class Login:
    """Who to be; its secrets are in no text made of it."""

    source: str
    """Where it was found, for people: a path, or a helper's name."""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """Stands for user and password, and is for the server that gives out tokens."""

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def find(place: Place, repository: str) -> Login | None:
    """The login for *repository* at *place*; None when there is none.

    :raises SdkError: When a file with logins is damaged, or a helper fails.
    """
    for path in _files():
        content = _read(path)
        if content is not None and (found := _in_file(path, content, place, repository)):
            return found
    return None


def _files() -> Iterator[Path]:
    """In the order in which engines look; what is set by hand comes first."""
    environment, home = os.environ, Path.home()
    if environment.get("REGISTRY_AUTH_FILE"):
        yield Path(environment["REGISTRY_AUTH_FILE"])
    if environment.get("XDG_RUNTIME_DIR"):
        yield Path(environment["XDG_RUNTIME_DIR"], "containers", "auth.json")
    else:
        yield Path("/run/containers", str(os.getuid()), "auth.json")
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "containers", "auth.json")
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker", "config.json")


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        if path.is_relative_to(
            "/run/containers"
        ):  # root has run an engine: whose logins are there is not ours
            return None
        raise _unreadable(path, error) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _unreadable(path: Path, error: OSError) -> SdkError:
    hint = "move it away and log in again: skopeo login REGISTRY"
    return SdkError(f"can't read '{path}'", detail=error.strerror or "", hint=hint, code="unreadable")


def _damaged(path: Path) -> SdkError:
    """Without what is in it: these are secrets."""
    hint = "move it away and log in again: skopeo login REGISTRY"
    return SdkError(f"the file with logins '{path}' is damaged", hint=hint, code="bad-logins")


def _in_file(path: Path, content: Mapping[str, Any], place: Place, repository: str) -> Login | None:
    try:
        helper = (content.get("credHelpers") or {}).get(place.host if place.key != place.name else place.name)
        if helper:
            return _ask(helper, place.key)
        entries = {_bare(key): entry for key, entry in (content.get("auths") or {}).items()}
        for key in _keys(place, repository):
            if found := _of_entry(str(path), entries.get(key) or {}):
                return found
        store = content.get("credsStore")
        return _ask(store, place.key) if store else None
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(path) from error


def _keys(place: Place, repository: str) -> Iterator[str]:
    """Of the entries that may be meant, the one with the longest path first."""
    path = repository
    while path:
        yield f"{place.name}/{path}"
        path = path.rpartition("/")[0]
    yield place.name
    yield _bare(place.key)


def _bare(key: str) -> str:
    """Without the scheme and the version of the API, which some programs add."""
    key = key.rpartition("://")[2].rstrip("/")
    return key.removesuffix("/v1").removesuffix("/v2")


def _of_entry(source: str, entry: Mapping[str, str]) -> Login | None:
    """None for one that only says that a helper has it."""
    user, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        user, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
        password = password.rstrip("\0")  # old programs pad it
    if token := entry.get("identitytoken", ""):
        return Login(source, user, token=token)
    return Login(source, user, password) if user else None


def _ask(helper: str, key: str) -> Login | None:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            (program, "get"), input=key, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except FileNotFoundError as error:
        raise _failed(program, "there is no such program") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(program, f"it has not answered in {PATIENCE:g} s") from error
    except OSError as error:
        raise _failed(program, error.strerror or "") from error
    if done.returncode:
        # what it prints when it fails is a message, and never the secret
        words = (done.stdout.strip() or done.stderr.strip()).splitlines()
        if words and _NONE in words[0]:
            return None
        raise _failed(program, words[-1] if words else f"exit status {done.returncode}")
    return _answered(program, done.stdout)


def _answered(program: str, text: str) -> Login:
    try:
        answer = json.loads(text)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise _failed(program, "its answer is no login") from error
    return Login(program, token=secret) if user == _TOKEN_USER else Login(program, user, secret)


def _failed(program: str, why: str) -> SdkError:
    return SdkError(
        f"the credential helper {program!r} fails",
        detail=why,
        hint="repair it, or export REGISTRY_AUTH_FILE=FILE; skopeo login REGISTRY",
        code="credential-helper",
    )
