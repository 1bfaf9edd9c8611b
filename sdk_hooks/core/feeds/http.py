"""Fetches files by HTTP into files: goes on where it was cut off, and says what went wrong in plain words."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from sdk_hooks.core import disk
from sdk_hooks.core.feeds import login as logins
from sdk_hooks.core.feeds.login import Login
from sdk_hooks.errors import SdkError

PATIENCE = 30
"""Seconds without a byte."""
_TRIES = 3
_FAILURES = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)
_NOT_LET_IN = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)


class NotThereError(Exception):
    """The server has no such file."""


def fetch(
    url: str, target: Path, digest: str = "", login: Login | None = None, seen: Path | None = None
) -> None:
    """Fetch *url* to *target*, which is there only once all of it is, and right.

    :param digest: `sha256:...`; empty when nobody knows it.
    :param login: What the server is told; None for what ~/.netrc says.
    :param seen: Where it is kept which version *target* is, in the server's words: it is not fetched again.
    :raises NotThereError: When the server has no such file.
    :raises SdkError: When it can't be had, or has another digest.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part" if digest else f".{target.name}.{os.getpid()}")
    opener = logins.opener(url, login)
    for left in reversed(range(_TRIES)):
        try:
            said = _fetch(opener, url, part, _headers(part, target, digest, seen))
            break
        except _FAILURES as error:
            if not left or getattr(error, "code", 0) in _NOT_LET_IN:
                raise _failed(url, error) from error
            time.sleep(0.5)
    if digest and (found := digest_of(part, digest)) != digest:
        part.unlink()
        raise SdkError(
            f"'{url}' is not what the feed's index says",
            detail=f"it has {found}, the index says {digest}",
            hint="the feed is being changed, or damaged: try again",
            code="wrong-hash",
        )
    if said is not None:
        os.replace(part, target)
    if seen and said:
        disk.replace(seen, json.dumps(said).encode())


def _headers(part: Path, target: Path, digest: str, seen: Path | None) -> dict[str, str]:
    """By which the server sends only what is not here."""
    have = part.stat().st_size if digest and part.exists() else 0
    if have:
        return {"Range": f"bytes={have}-"}
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(seen.read_bytes())) if seen and target.exists() else {}
    return {}


def _fetch(
    opener: urllib.request.OpenerDirector, url: str, part: Path, headers: Mapping[str, str]
) -> dict[str, str] | None:
    """Fetch what is missing to *part*.

    :returns: The headers by which only a later version is fetched; None when what is there is the newest.
    """
    have = part.stat().st_size if "Range" in headers else 0
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            goes_on = have and answer.status == http.client.PARTIAL_CONTENT
            with open(part, "ab" if goes_on else "wb") as file:
                while piece := answer.read(1 << 18):
                    file.write(piece)
            _whole(answer, file.name, have if goes_on else 0)
            return _version(answer)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return {}  # all of it was there
        if error.code == http.client.NOT_MODIFIED:
            return None
        if error.code in (http.client.NOT_FOUND, http.client.GONE):
            raise NotThereError(url) from error
        raise


def _version(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The headers by which only a later version than that of *answer* is fetched."""
    tag, changed, now = (answer.headers.get(name, "") for name in ("ETag", "Last-Modified", "Date"))
    found = {"If-None-Match": tag} if tag else {}
    with contextlib.suppress(TypeError, ValueError):
        # times are in seconds: what was written in this one may be written again in it
        if (parsedate_to_datetime(now) - parsedate_to_datetime(changed)).total_seconds() > 1:
            found["If-Modified-Since"] = changed
    return found


def _whole(answer: http.client.HTTPResponse, name: str, before: int) -> None:
    said = answer.headers.get("Content-Length", "")
    if said.isdecimal() and os.path.getsize(name) - before < int(said):
        raise http.client.IncompleteRead(b"")


def digest_of(path: Path, like: str) -> str:
    """The digest of the file by the algorithm of *like*."""
    algorithm = like.partition(":")[0]
    with open(path, "rb") as file:
        found = hashlib.new(algorithm, usedforsecurity=False)
        while piece := file.read(1 << 20):
            found.update(piece)
    return f"{algorithm}:{found.hexdigest()}"


def _failed(url: str, error: Exception) -> SdkError:
    reason = getattr(error, "reason", None) or error
    if isinstance(error, http.client.IncompleteRead):
        reason = "the connection ended too early"
    why = (
        reason.strerror
        if isinstance(reason, OSError) and reason.strerror
        else str(reason) or type(reason).__name__
    )
    hint = "is it right, and the server up?"
    if getattr(error, "code", 0) in _NOT_LET_IN:
        hint = f"write into ~/.netrc: machine {urlsplit(url).hostname} login USER password PASSWORD"
    refused = getattr(error, "code", 0) in _NOT_LET_IN  # that is no time without a network
    return SdkError(
        f"can't fetch '{url}'", detail=why, hint=hint, code="not-let-in" if refused else "no-fetch"
    )
