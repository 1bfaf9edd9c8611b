"""User and password of a server: out of a URL, which then has neither, or out of ~/.netrc."""

from __future__ import annotations

import netrc
import os
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sdk_hooks.errors import SdkError


@dataclass(frozen=True)
class Login:
    """What a server is told; it is written nowhere."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def split(url: str) -> tuple[str, Login | None]:
    """*url* without user and password, and these where it has them.

    :raises ValueError: When it has no number for its port: a password may be cut in two.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url, None
    server, slash, path = rest.partition("/")
    said, at, host = server.rpartition("@")
    try:
        urlsplit(f"http://{host}").port  # noqa: B018  it looks at it
    except ValueError:
        raise ValueError("the port of its URL is no number: in a password write / as %2F, # as %23") from None
    user, _, password = said.partition(":")
    login = Login(unquote(user), unquote(password)) if at else None
    return f"{scheme}://{host}{slash}{path}", login


def opener(url: str, login: Login | None) -> urllib.request.OpenerDirector:
    """What opens *url* as *login*, else as ~/.netrc has it; a server that it redirects to is not told.

    :raises SdkError: When ~/.netrc can't be understood.
    """
    at = urlsplit(url)
    login = login or _known(at.hostname or "")
    if login is None:
        return urllib.request.build_opener()
    passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
    root = f"{at.scheme}://{at.netloc}/"
    passwords.add_password(None, root, login.user, login.password, is_authenticated=True)
    return urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))


def _known(host: str) -> Login | None:
    file = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        found = netrc.netrc(str(file)).authenticators(host)
    except OSError:
        return None
    except netrc.NetrcParseError as error:  # its text may have a password
        raise SdkError(
            f"can't understand '{file}'",
            detail=f"at line {error.lineno}",
            hint="a line of it is: machine HOST login USER password PASSWORD",
            code="bad-netrc",
        ) from None
    return Login(found[0], found[2] or "") if found else None
