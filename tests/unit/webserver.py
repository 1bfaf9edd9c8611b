"""Serves a directory on the loopback address for as long as a test wants it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path


@contextlib.contextmanager
def serving(handler: type[http.server.SimpleHTTPRequestHandler], top: Path) -> Iterator[str]:
    """Host and port of what *handler* makes of the directory *top*."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(top)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # how soon it sees that it is to end
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
