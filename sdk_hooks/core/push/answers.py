"""What a registry, or the way to it, answers, and in words for people when that is no."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
from typing import NamedTuple

from sdk_hooks.core.push import wire
from sdk_hooks.core.push.place import Place
from sdk_hooks.errors import SdkError

_AWAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET)
_EXPIRED, _NOT_YET = 10, 9
_OTHER_NAME = (62, 64)
"""Numbers of OpenSSL's, of what is wrong with a certificate."""
_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
"""What OpenSSL makes of an answer that begins with `HTTP/`, from version to version."""
_FULL = (b"quota", b"upper limit of", b"no space left", b'"err":28')
"""In answers with all kinds of numbers; the last is ENOSPC as the reference implementation passes it on."""


class Answer(NamedTuple):
    """What a registry answered to one request."""

    url: str
    """Where it came from at last."""
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(code, message) of each error that it names in the form that the distribution-spec has for them."""
        try:
            found = [each for each in json.loads(self.body)["errors"] if isinstance(each, dict)]
        except (ValueError, KeyError, TypeError):
            return []
        return [(str(each.get("code", "")), _message(each)) for each in found]

    @property
    def full(self) -> bool:
        """Whether it says that there is no room."""
        said = self.status >= 400 and any(words in self.body.lower() for words in _FULL)
        return said or self.status in (413, 507)

    @property
    def words(self) -> str:
        """What it says about why, a line each."""
        told = [": ".join(filter(None, problem)) for problem in self.problems]
        return "\n".join(told[:3]) or f"it answers {self.state}"

    @property
    def state(self) -> str:
        return f"{self.status} {http.client.responses.get(self.status, '')}".rstrip()


def _message(problem: dict[str, object]) -> str:
    """With the detail that it has, when that is a text."""
    texts = [problem.get("message"), problem.get("detail")]
    return ", ".join(_harmless(text) for text in texts if isinstance(text, str) and text)


def _harmless(text: str) -> str:
    """One line of what somebody else's program says, and nothing that a terminal acts upon."""
    return "".join(filter(str.isprintable, " ".join(text.split())))[:200]


def cut(error: Exception) -> bool:
    """Whether the connection broke, so that another one may do better."""
    if isinstance(error, ssl.SSLError):
        return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    broken = isinstance(error, ConnectionError | TimeoutError | http.client.HTTPException)
    return broken or (isinstance(error, OSError) and error.errno in _AWAY)


def unreachable(place: Place, error: Exception) -> SdkError:
    """Nobody answers there, or nobody to be believed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(place, error)
    if isinstance(error, ssl.SSLError) and not cut(error):
        return _no_tls(place, error)
    why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    hint = f"is this machine on its network? ping {place.host}"
    if isinstance(error, socket.gaierror):
        hint = f"is it written right? getent hosts {place.host}"
    elif isinstance(error, ConnectionRefusedError):
        hint = "is it running, and is that its port?"
    return SdkError(
        f"can't reach the registry {place.name!r}", detail=why.lower(), hint=hint, code="registry-unreachable"
    )


def _untrusted(place: Place, error: ssl.SSLCertVerificationError) -> SdkError:
    number, why = error.verify_code, error.verify_message.rstrip(".")
    if number in (_EXPIRED, _NOT_YET):
        return SdkError(
            f"the certificate of the registry {place.name!r} is not valid now",
            detail=why,
            hint="renew it there, if this machine's clock is right: date",
            code="certificate-expired",
        )
    if number in _OTHER_NAME:
        return SdkError(
            f"the certificate of the registry {place.name!r} is for another name",
            detail=why,
            hint="name the registry as its certificate does",
            code="certificate-name",
        )
    return SdkError(
        f"the certificate of the registry {place.name!r} is not trusted",
        detail=why,
        hint=f"put the CA that signed it into /etc/containers/certs.d/{place.name}/ca.crt",
        code="registry-untrusted",
    )


def _no_tls(place: Place, error: ssl.SSLError) -> SdkError:
    if error.reason in _PLAIN:
        return SdkError(
            f"the registry {place.name!r} speaks plain HTTP",
            hint=f"say so, if the network is to be trusted: http://{place.name}",
            code="registry-plain",
        )
    why = (error.reason or str(error)).replace("_", " ").lower()
    return SdkError(
        f"no TLS with the registry {place.name!r}",
        detail=why,
        hint=f"what does it want? openssl s_client -connect {place.host}:{place.port or 443}",
        code="registry-tls",
    )


class FailingError(ConnectionError):
    """The registry, or what is before it, has trouble of its own, which may be over in a moment."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.words)


def was_cut(place: Place, error: Exception, tries: int) -> SdkError:
    """The connection broke each time, or the registry did."""
    if isinstance(error, FailingError):
        return SdkError(
            f"the registry {place.name!r} fails",
            detail=f"{tries} times, at last: {error}",
            hint="its log says why",
            code="registry-fails",
        )
    return SdkError(
        f"the connection to the registry {place.name!r} was cut",
        detail=f"{tries} times, at last: {str(error).lower() or type(error).__name__}",
        hint="what has arrived stays there: try again",
        code="registry-cut",
    )


def no_registry(place: Place, answer: Answer) -> SdkError:
    """Something else is at its address."""
    if place.plain and b"HTTPS" in answer.body:
        return SdkError(
            f"the registry {place.name!r} speaks TLS only",
            hint=f"say so: https://{place.name}",
            code="registry-tls-only",
        )
    return SdkError(
        f"what answers at '{place.url}' is no registry",
        detail=f"'{place.url}/v2/' gives {answer.state}",
        hint="are host and port right?",
        code="no-registry",
    )


def refused(place: Place, repository: str, answer: Answer, what: str) -> SdkError:
    """*answer* is a no.

    :param what: What it was about, such as `the manifest`.
    """
    status, codes = answer.status, {code for code, _ in answer.problems}
    if answer.full:
        return _full(place, answer, what)
    if status in (401, 403):
        return denied(place, repository, answer)
    if codes & {"NAME_INVALID", "NAME_UNKNOWN"}:
        return SdkError(
            f"the registry {place.name!r} takes no repository {repository!r}",
            detail=answer.words,
            hint="make it there first, or push below a path that is there: HOST/PATH",
            code="registry-name",
        )
    if "DIGEST_INVALID" in codes:
        return rejected(place, answer, what)
    if status in (429, 503):
        return busy(place, answer)
    return SdkError(
        f"the registry {place.name!r} did not take {what}", detail=answer.words, code="registry-refused"
    )


def _full(place: Place, answer: Answer, what: str) -> SdkError:
    hint = "free some there, or ask for a larger quota"
    if answer.status == http.client.REQUEST_ENTITY_TOO_LARGE:
        hint = "allow larger uploads there, or in the proxy before it: client_max_body_size 0"
    return SdkError(
        f"the registry {place.name!r} has no room for {what}",
        detail=answer.words,
        hint=hint,
        code="registry-full",
    )


def rejected(place: Place, answer: Answer, what: str) -> SdkError:
    """What has arrived is not what was sent."""
    return SdkError(
        f"the registry {place.name!r} got another {what.removeprefix('the ')} than was sent",
        detail=answer.words,
        hint="something on the way changes it: a proxy?",
        code="blob-rejected",
    )


def busy(place: Place, answer: Answer) -> SdkError:
    """It has asked for more patience than there is."""
    when = answer.headers.get("Retry-After", "")
    hint = f"try again in {when} s" if when.isdecimal() else "try again later"
    return SdkError(
        f"the registry {place.name!r} has too much to do",
        detail=answer.words,
        hint=hint,
        code="registry-busy",
    )


def denied(place: Place, repository: str, answer: Answer) -> SdkError:
    return SdkError(
        f"the registry {place.name!r} does not let you push to {repository!r}",
        detail=answer.words,
        hint=f"ask for the right to, or log in as somebody who has it: skopeo login {place.name}",
        code="registry-denied",
    )


def no_login(place: Place, source: str) -> SdkError:
    """It wants to know who this is.

    :param source: Where the login was found that it does not accept; empty when there is none.
    """
    if source:
        return SdkError(
            f"the registry {place.name!r} does not accept the login in '{source}'",
            hint=f"log in again: skopeo login {place.name}",
            code="not-logged-in",
        )
    return SdkError(
        f"the registry {place.name!r} wants a login",
        hint=f"log in: skopeo login {place.name}",
        code="not-logged-in",
    )


def astray(place: Place, what: str) -> SdkError:
    """It names an address that is none."""
    return SdkError(
        f"the registry {place.name!r} leads to no address",
        detail=f"{what} is not one of HTTP",
        hint="its configuration, or that of a proxy before it, is wrong",
        code="registry-refused",
    )


def unsafe(place: Place, url: str) -> SdkError:
    """It leads away from TLS; of *url*, which may have secrets in it, only the server is told."""
    return SdkError(
        f"the registry {place.name!r} leads to '{wire.server(url)}', without TLS",
        hint="a proxy before it has to tell it what it is reached by: X-Forwarded-Proto: https",
        code="registry-unsafe",
    )


def no_token(place: Place, url: str, answer: Answer) -> SdkError:
    """The server that gives out tokens for it gives none."""
    return SdkError(
        f"'{wire.server(url)}' gives no token for the registry {place.name!r}",
        detail=answer.words,
        hint="is it the right server? the registry's own configuration names it",
        code="no-token",
    )
