"""Debian's docker-registry on a port of the loopback address."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = os.environ.get("REGISTRY") or shutil.which("docker-registry")


@contextmanager
def registry(top: Path, http: dict[str, Any] | None = None, **more: Any) -> Iterator[str]:
    """Its HOST:PORT; what it keeps is below *top*.

    :param http: More of this section of its configuration.
    :param more: More sections.
    """
    if not PROGRAM:
        pytest.skip(
            "docker-registry of the Debian package is not installed: .ci/setup test, or REGISTRY=PATH"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    storage = {"filesystem": {"rootdirectory": str(top / "data")}}
    config = {"version": 0.1, "storage": storage, "http": {"addr": address, **(http or {})}, **more}
    (top / "config.yml").write_text(json.dumps(config))
    # it takes variables such as REGISTRY_AUTH_FILE for parts of its configuration
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY")}
    words = [PROGRAM, "serve", str(top / "config.yml")]
    with (top / "log").open("w") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, env=environment)
    try:
        _answers(f"{'https' if http else 'http'}://{address}/v2/", top / "log")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def _answers(url: str, log: Path) -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=anybody)
    )
    for _ in range(100):
        try:
            opener.open(url, timeout=5).close()
            return
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer: {log.read_text()[-1000:]}")
