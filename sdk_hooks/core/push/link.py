"""Requests to one registry: logged in, led elsewhere, patient, and made again when the connection breaks."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TypeVar

from sdk_hooks.core.push import answers, certificates, wire
from sdk_hooks.core.push.answers import Answer, FailingError
from sdk_hooks.core.push.authorization import Authorization
from sdk_hooks.core.push.place import Place
from sdk_hooks.core.push.wire import NOTHING, Body, Origin, of_bytes, origin

WAITING = 60.0
"""Seconds that are waited in all when a registry asks for it."""
TRIES = 3
PAUSE = 0.5
"""Seconds before the second try; more before each other one."""
_HOPS = 5
_LARGEST = 8 << 20
"""Bytes of an answer: they are manifests and messages, and one of 4 MB is the largest allowed."""
_LEADING = (301, 302, 307, 308)
_FAILING = (500, 502, 504)
_BUSY = (429, 503)

Found = TypeVar("Found")


class Link:
    """The way to *repository* at *place*; a connection for each thread that uses it.

    When the context ends, also with Ctrl-C, so does what other threads are still doing with it.
    """

    def __init__(self, place: Place, repository: str, say: Callable[[str], None]) -> None:
        """:param say: Told when the registry lets one wait."""
        self.place, self.repository = place, repository
        self._say = say
        self._authorization = Authorization(
            place,
            repository,
            lambda method, url, content, more: self._exchange(method, url, of_bytes(content), more),
        )
        self._own = threading.local()
        self._all: list[http.client.HTTPConnection] = []
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._ended = threading.Event()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for connection in self._all:
            wire.wake(connection)
        self.leave()

    def leave(self) -> None:
        """Close what the calling thread has open: nobody else may, as it could be in use."""
        for connection in self._mine.values():
            connection.close()

    def greet(self) -> None:
        """Make sure that there is a registry.

        :raises SdkError: When there is none, or it can't be reached, or wants another login.
        """
        try:
            self._connected(origin(self.place.url))
        except (OSError, http.client.HTTPException) as error:
            raise answers.unreachable(self.place, error) from error
        answer = self.persist(lambda: self.ask("GET", "/v2/"))
        known = answer.headers.get("Docker-Distribution-Api-Version") == "registry/2.0"
        if answer.status == 403 and (known or answer.problems):
            raise answers.denied(self.place, self.repository, answer)
        if answer.status in _BUSY:
            raise answers.busy(self.place, answer)
        page = "html" in answer.headers.get_content_type()
        if not known and (answer.status != 200 or page):
            raise answers.no_registry(self.place, answer)

    def persist(self, work: Callable[[], Found]) -> Found:
        """Do *work*, and again when the connection breaks meanwhile.

        :raises SdkError: When it broke each time, or can't be made.
        """
        for count in range(1, TRIES + 1):
            try:
                return work()
            except (OSError, http.client.HTTPException) as error:
                if not answers.cut(error):
                    raise answers.unreachable(self.place, error) from error
                if count == TRIES or self._ended.wait(PAUSE * count):
                    raise self._gone(error) from error
        raise AssertionError

    def _gone(self, error: Exception) -> Exception:
        if isinstance(error, ConnectionRefusedError):
            return answers.unreachable(self.place, error)
        return answers.was_cut(self.place, error, TRIES)

    def about(self, rest: str) -> str:
        """The path of the repository's *rest*, such as `blobs/uploads/`."""
        return f"/v2/{self.repository}/{rest}"

    def ask(self, method: str, url: str, body: Body = NOTHING, **headers: str) -> Answer:
        """What the registry says at last to a request.

        :param url: Absolute, or a path at the registry.
        :raises SdkError: When it wants another login, or leads away from TLS.
        :raises OSError: When the connection breaks, or the registry does: `persist`.
        :raises http.client.HTTPException: The same.
        """
        url = urllib.parse.urljoin(self.place.url, url)
        hops, waited, renewed = 0, 0.0, False
        fixed = {name.replace("_", "-"): value for name, value in headers.items()}
        while True:
            used = self._authorization.header if self._home(url) else ""
            answer = self._exchange(method, url, body, {**fixed, "Authorization": used} if used else fixed)
            if answer.status in _LEADING and answer.headers.get("Location") and hops < _HOPS:
                url, hops = self.led(answer), hops + 1
            elif answer.status == 401 and self._home(url):
                if renewed:
                    raise self._authorization.refused(answer)
                self._authorization.renew(answer, used)
                renewed = True
            elif answer.status in _BUSY and (pause := _pause(answer, waited)):
                waited += self._wait(pause)
            elif answer.status in _FAILING and not answer.full:
                raise FailingError(answer)
            else:
                return answer

    def led(self, answer: Answer) -> str:
        """Where *answer* leads.

        :raises SdkError: When that is without TLS, and it was with it before.
        """
        url = wire.joined(answer.url, answer.headers.get("Location", ""))
        if not url:
            raise answers.astray(self.place, "its Location")
        if answer.url.startswith("https:") and url.startswith("http:"):
            raise answers.unsafe(self.place, url)
        return url

    def _home(self, url: str) -> bool:
        """Whether *url* is of the registry itself: a login is for nobody else."""
        return origin(url) == origin(self.place.url)

    def _wait(self, seconds: float) -> float:
        self._say(f"{self.place.name} has too much to do: waiting {seconds:.0f} s")
        if self._ended.wait(seconds):
            raise ConnectionAbortedError
        return seconds

    def _exchange(self, method: str, url: str, body: Body, headers: Mapping[str, str]) -> Answer:
        """One request and its answer, whatever that is."""
        connection = self._connected(origin(url))
        try:
            response = wire.sent(connection, method, url, body, headers)
            content = response.read(_LARGEST)
            if not response.isclosed():
                connection.close()
        except BaseException:  # also Ctrl-C: what comes next on it would be this one's answer
            connection.close()
            raise
        return Answer(url, response.status, response.headers, content)

    def _connected(self, to: Origin) -> http.client.HTTPConnection:
        """This thread's connection to there."""
        mine = self._mine
        connection = mine.get(to)
        if connection is None:
            connection = mine[to] = wire.connection(to, lambda: self._context(to))
            self._all.append(connection)
        wire.opened(connection)
        if self._ended.is_set():
            raise ConnectionAbortedError
        return connection

    @property
    def _mine(self) -> dict[Origin, http.client.HTTPConnection]:
        if not hasattr(self._own, "connections"):
            self._own.connections = {}
        found: dict[Origin, http.client.HTTPConnection] = self._own.connections
        return found

    def _context(self, to: Origin) -> ssl.SSLContext:
        name = self.place.name if to == origin(self.place.url) else to.name
        if name not in self._contexts:
            self._contexts[name] = certificates.context(name)
        return self._contexts[name]


def _pause(answer: Answer, waited: float) -> float:
    """Seconds to wait as *answer* wants it; 0 when that is too much."""
    said = answer.headers.get("Retry-After", "")
    pause = waited + 1
    if said.isdecimal():
        pause = max(float(said), 0.1)
    elif said:
        with contextlib.suppress(TypeError, ValueError):
            pause = max(email.utils.parsedate_to_datetime(said).timestamp() - time.time(), 0.1)
    return pause if waited + pause <= WAITING else 0
