"""Shows a registry who is pushing: a password as it is, or a token that it sends for."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from email.message import Message

from sdk_hooks.core.push import answers, credentials, wire
from sdk_hooks.core.push.answers import Answer
from sdk_hooks.core.push.credentials import Login
from sdk_hooks.core.push.place import Place
from sdk_hooks.errors import SdkError

Fetch = Callable[[str, str, bytes, Mapping[str, str]], Answer]
"""Send one request: method, URL, content, headers."""
_CLIENT = "devtool-containers"
_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?=[\s,]|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


class Authorization:
    """What goes into the Authorization header of requests to one registry about one repository.

    Any thread may use it. The login is looked for when the registry asks for one.
    """

    def __init__(self, place: Place, repository: str, fetch: Fetch) -> None:
        self._place, self._repository, self._fetch = place, repository, fetch
        self._lock = threading.Lock()
        self._login: Login | None = None
        self.header = ""
        """Empty as long as nobody has asked for it."""

    def renew(self, answer: Answer, used: str) -> None:
        """Have another header after *answer*, a 401 to a request with the header *used*.

        :raises SdkError: When there is no login, or it is not accepted.
        """
        with self._lock:
            if self.header == used:  # else another thread was here before
                self.header = self._answering(challenges(answer.headers))

    def refused(self, answer: Answer) -> SdkError:
        """What to say of *answer*, a 401 in spite of it."""
        if self.header.startswith("Bearer") and self._login:
            return answers.denied(self._place, self._repository, answer)
        return answers.no_login(self._place, self._login.source if self._login else "")

    def _answering(self, asked: Mapping[str, Mapping[str, str]]) -> str:
        self._login = self._login or credentials.find(self._place, self._repository)
        if "bearer" in asked:
            return f"Bearer {self._token(asked['bearer'])}"
        if "basic" in asked and self._login and self._login.password:
            return self._login.basic
        raise answers.no_login(self._place, self._login.source if self._login else "")

    def _token(self, asked: Mapping[str, str]) -> str:
        realm = wire.joined(self._place.url, asked.get("realm", ""))
        if not realm:
            raise answers.astray(self._place, "the realm of its tokens")
        if realm.startswith("http:") and not self._place.plain:
            raise answers.unsafe(self._place, realm)
        about = {"service": asked.get("service", ""), "scope": f"repository:{self._repository}:pull,push"}
        answer = self._ask(realm, {key: value for key, value in about.items() if value})
        if answer.status in (401, 403):
            raise answers.no_login(self._place, self._login.source if self._login else "")
        try:
            content = json.loads(answer.body) if answer.status == 200 else {}
            token = content.get("token") or content.get("access_token")
        except (ValueError, AttributeError):
            token = ""
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise answers.no_token(self._place, realm, answer)
        return token

    def _ask(self, realm: str, about: dict[str, str]) -> Answer:
        login = self._login
        if login and login.token:
            form = {
                **about,
                "grant_type": "refresh_token",
                "client_id": _CLIENT,
                "refresh_token": login.token,
            }
            content = urllib.parse.urlencode(form).encode()
            return self._fetch("POST", realm, content, {"Content-Type": "application/x-www-form-urlencoded"})
        mark = "&" if "?" in realm else "?"
        url = f"{realm}{mark}{urllib.parse.urlencode(about)}"
        return self._fetch("GET", url, b"", {"Authorization": login.basic} if login else {})


def challenges(headers: Message) -> dict[str, dict[str, str]]:
    """The parameters of what *headers* ask for, by its scheme in lower case; the first of each counts."""
    found: dict[str, dict[str, str]] = {}
    for line in headers.get_all("WWW-Authenticate") or ():
        _, *parts = _SCHEME.split(line)
        for scheme, rest in zip(parts[::2], parts[1::2], strict=True):
            values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
            found.setdefault(scheme.lower(), values)
    return found
