"""What a kubeconfig tells of why its cluster does not know somebody: certificate or token have expired."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from itertools import islice

from sdk_hooks.errors import SdkError

ASKED = "--output=jsonpath={.users[0].user.client-certificate-data}{'\\n'}{.users[0].user.token}"
"""How kubectl is asked for a certificate and a token."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END")
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""How a time is written, by its tag."""
_SEQUENCE = 0x30


def explained(error: SdkError, said: str, now: float) -> SdkError:
    """*error*, or a better one when that is why.

    :param said: What kubectl answered to `ASKED`.
    :param now: Seconds since 1970.
    """
    certificate, _, token = said.partition("\n")
    for what, until in (("certificate", _certificate(certificate)), ("token", _token(token))):
        if until is not None and until < now:
            day = datetime.fromtimestamp(until, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
            return SdkError(
                f"your {what} for the cluster has expired",
                detail=f"it was valid until {day}\n{error.detail}",
                hint=_HINTS[what],
                code="expired",
            )
    return error


_HINTS = {
    "certificate": "fetch the kubeconfig again; with kubeadm renew it before: kubeadm certs renew admin.conf",
    "token": "log in again, or fetch another: kubectl create token NAME",
}


def _certificate(text: str) -> float | None:
    """Until when the certificate in the base64 *text* is valid, in seconds since 1970; None if unknown."""
    with suppress(ValueError, LookupError):  # whatever is in there: it only explains
        match = _PEM.search(base64.b64decode(text).decode("ascii"))
        if match is None:
            return None
        [(_, whole)] = islice(_parts(base64.b64decode(match[1])), 1)
        [(_, signed)] = islice(_parts(whole), 1)
        # after the algorithm and the issuer, both of which are sequences, too
        _, _, validity = islice((value for tag, value in _parts(signed) if tag == _SEQUENCE), 3)
        _, (tag, value) = _parts(validity)
        found = datetime.strptime(value.decode("ascii"), _TIMES[tag])
        return found.replace(tzinfo=timezone.utc).timestamp()
    return None


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of what *der* is made of.

    :raises IndexError: When it ends too early.
    """
    while der:
        tag, size, start = der[0], der[1], 2
        if size > 0x7F:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        yield tag, der[start : start + size]
        der = der[start + size :]


def _token(text: str) -> float | None:
    """Until when the JSON Web Token *text* is valid, in seconds since 1970; None if unknown."""
    with suppress(ValueError, LookupError, TypeError):
        middle = text.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"]
        return float(found)
    return None
