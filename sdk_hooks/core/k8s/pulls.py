"""What helps a node that can't pull an image, as far as its runtime tells why."""

from __future__ import annotations

import re

_AWAY = re.compile(r"dial tcp|no such host|i/o timeout|no route to host|TLS handshake timeout")
_LOGIN = re.compile(
    r"authentication required|no basic auth credentials|authorization failed|unauthorized|401 Unauthorized"
)
_PLAIN = "server gave HTTP response to HTTPS client"
_CERTIFICATE = re.compile(r"x509: |certificate signed by unknown authority")


def hint(node: str, image: str, message: str) -> str:
    """What to do; nothing when that is not known.

    :param message: Of the container that waits for its image.
    """
    registry = image.partition("/")[0]
    if _PLAIN in message:
        return f"let the runtime of {node} know that the registry {registry!r} speaks plain HTTP"
    if _CERTIFICATE.search(message):
        return f"let {node} trust the certificate of the registry {registry!r}"
    if _AWAY.search(message):
        return f"let {node} reach the registry {registry!r}, or push to one that it can: --registry"
    if _LOGIN.search(message):
        return (
            "name a Secret with a login for the registry: kubernetes: pull_secret: in container.yaml; "
            "it is made by kubectl create secret docker-registry"
        )
    return ""
