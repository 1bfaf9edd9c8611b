"""How a target is written."""

from __future__ import annotations

import pytest

from sdk_hooks.core.deploy.connection import Options, parse
from sdk_hooks.errors import UsageError

OPTIONS = Options("", "", True, ())


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("board", "board", ""),
        ("root@192.168.7.2:2222", "root@192.168.7.2", "2222"),
        ("root@[fd00::2]", "root@fd00::2", ""),
        ("[fe80::1%eth0]:22", "fe80::1%eth0", "22"),
    ],
)
def test_what_ssh_is_told(target: str, host: str, port: str) -> None:
    found, options = parse(target, OPTIONS)
    assert (found, options.port) == (host, port)


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("root@fd00::2", "root@[fd00::2]"),
        ("fe80::1%eth0", "[fe80::1%eth0]"),
        ("board:port", "root@192.168.7.2, or board:2222"),
        ("a b::c:d", "root@192.168.7.2, or board:2222"),
    ],
)
def test_what_is_none_says_how_to_write_it(target: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(target, OPTIONS)
    assert str(error.value) == f"{target!r} is not a target [usage]\n  hint: write it like {hint}"
