"""Reads a feed's own files: out of a directory, or by HTTP and kept for the time without a network."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.feeds import http, signature
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.plain import DAMAGED, is_damage, plain
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Listing

FRESH = 60
"""Seconds for which what a server does not have is not asked for again: most feeds have one index of many."""
_KEPT = 1 << 20
"""Bytes above which an uncompressed text is kept: it takes longer to unpack than to read."""


class FeedPlace:
    """One directory of a feed, as plugins read it.

    :param top: A directory of this machine, or a URL, without a slash at its end.
    :param fresh: Whether to ask a server also for what it was asked for a moment ago.
    """

    def __init__(self, feed: Feed, top: str, warn: Callable[[str], None], *, fresh: bool = False) -> None:
        self.feed, self.top, self.warn, self.fresh = feed, top, warn, fresh
        self.verified = False
        """Whether the key of the feed has vouched for something that was read."""

    def read(self, path: str, digest: str = "") -> bytes | None:
        raw = self._directory_file(path, digest) if self.feed.local else self._fetched(path, digest)
        return None if raw is None else _uncompressed(raw, f"{self.top}/{path}")

    def verify(self, content: bytes, *signatures: str) -> None:
        if not self.signed(content, *signatures):
            raise not_signed(f"the feed '{self.feed}' is")

    def signed(self, content: bytes, *signatures: str) -> bool:
        if not self.feed.key:
            self._need_trust()
            return True
        found = next((raw for raw in map(self.read, signatures) if raw is not None), None)
        if found is not None:
            signature.check(f"'{self.feed}'", self.feed.key, content, found)
            self.verified = True
        return found is not None

    def clearsigned(self, path: str) -> bytes | None:
        text = self.read(path)
        if text is None:
            return None
        if not self.feed.key:
            self._need_trust()
            return signature.unchecked(text)
        clear = signature.cleartext(f"'{self.feed}'", self.feed.key, text)
        self.verified = True
        return clear

    def vouch(self, listing: Listing) -> None:
        """Whatever its format has asked for, there has to be a reason to trust *listing*, which is from here.

        :raises SdkError: When there is none.
        """
        if not self.feed.key:
            self._need_trust()
        elif listing.signed and not self.verified:
            raise not_signed(f"the feed '{self.feed}' is")

    def _need_trust(self) -> None:
        if not self.feed.local and not self.feed.trusted:
            raise SdkError(
                f"nothing says why the feed '{self.feed}' is to be trusted",
                hint="give the public key that signs it: key=FILE; or say trusted=yes",
                code="not-trusted",
            )

    def _directory_file(self, path: str, digest: str) -> bytes | None:
        file = Path(self.top.removeprefix("file://")) / path
        try:
            raw = file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if digest and (found := http.digest_of(file, digest)) != digest:
            raise SdkError(
                f"'{file}' is not what the feed's index says",
                detail=f"it has {found}, the index says {digest}",
                hint="make the index again",
                code="wrong-hash",
            )
        return raw

    def _fetched(self, path: str, digest: str) -> bytes | None:
        url = f"{self.top}/{path}"
        name = digest.replace(":", "-") if digest else hashlib.sha256(url.encode()).hexdigest()
        kept, gone = (cache_directory() / "feeds" / each for each in (name, f"{name}-gone"))
        last = next((each for each in (kept, gone) if each.exists()), None)
        age = time.time() - last.stat().st_mtime if last else 0.0
        if last and (digest or (last == gone and 0 <= age < FRESH and not self.fresh)):
            return _content(last, gone)
        try:
            http.fetch(url, kept, digest, self.feed.login, None if digest else kept.with_name(f"{name}-seen"))
            last = kept
            gone.unlink(missing_ok=True)
        except http.NotThereError:
            kept.unlink(missing_ok=True)
            gone.touch()
            return None
        except SdkError as error:
            if last is None or error.code != "no-fetch":
                raise
            if last is kept:
                self.warn(f"'{url}' is not to be had ({error.detail}): taken as it was {_ago(age)} ago")
        os.utime(last)
        return _content(last, gone)


def not_signed(what: str) -> SdkError:
    """:param what: With its verb, such as "the feed 'x' is"."""
    return SdkError(
        f"{what} not signed, and a key is given for it",
        hint="leave the key out, and say trusted=yes, if that is meant",
        code="not-signed",
    )


def _content(last: Path, gone: Path) -> bytes | None:
    return None if last == gone else last.read_bytes()


def _uncompressed(raw: bytes, name: str) -> bytes:
    if raw[:2] not in (b"\x1f\x8b", b"\xfd7", b"BZ", b"\x28\xb5"):
        return raw
    kept = cache_directory() / "feeds" / f"plain-{hashlib.sha256(raw).hexdigest()}"
    if kept.exists():
        return kept.read_bytes()
    try:
        with plain(io.BytesIO(raw), f"'{name}'") as whole:
            text = whole.read()
    except DAMAGED as error:
        if not is_damage(error):
            raise
        raise SdkError(
            f"'{name}' is damaged", detail=str(error), hint="make it again", code="bad-feed"
        ) from error
    if len(text) > _KEPT:
        kept.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(kept, text)
    return text


def _ago(seconds: float) -> str:
    hours = int(seconds // 3600)
    return (
        f"{hours // 24} days"
        if hours >= 48
        else f"{hours} hours"
        if hours
        else f"{int(seconds // 60)} minutes"
    )
