"""A connection to a port of a target through the ssh connection that is open already."""

from __future__ import annotations

import http.client
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sdk_hooks.target import Argv

REFUSED = "refused by peer"
"""What ssh says, whether nothing listens there or the ssh server forwards no connections at all."""


@contextmanager
def process(argv: Argv, seconds: float) -> Iterator[socket.socket]:
    """The standard input and output of *argv* as a socket; the process ends with the context.

    :param seconds: How long reading waits.
    :raises ConnectionError: With what *argv* said, when the socket is of no use.
    """
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=said)
        theirs.close()
        ours.settimeout(seconds)
        try:
            yield ours
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            with suppress(subprocess.TimeoutExpired):
                child.wait(1)
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()
            raise ConnectionError(words[-1] if words else str(error)) from error
        finally:
            child.kill()
            child.wait()
