"""What becomes of an image that a node can't pull: the words of kubelets with containerd 1.6 and CRI-O 1.37."""

# ruff: noqa: E501  what was recorded stays in one piece
from __future__ import annotations

import pytest

from sdk_hooks.core.k8s.pulls import hint

AT = "10.99.0.1:5056/x/plain@sha256:055d"
BACK = f'Back-off pulling image "{AT}": '
CRIO = f"{BACK}ErrImagePull: unable to pull image: initializing source docker://{AT}: "
CONTAINERD = (
    f'{BACK}ErrImagePull: failed to pull and unpack image "{AT}": failed to resolve reference "{AT}": '
)
HEAD = 'failed to do request: Head "https://10.99.0.1:5056/v2/x/plain/manifests/sha256:055d": '
PING = 'pinging container registry 10.99.0.1:5056: Get "https://10.99.0.1:5056/v2/": '
AWAY = "let node2 reach the registry '10.99.0.1:5056', or push to one that it can: --registry"
TRUST = "let node2 trust the certificate of the registry '10.99.0.1:5056'"
PLAIN = "let the runtime of node2 know that the registry '10.99.0.1:5056' speaks plain HTTP"
LOGIN = (
    "name a Secret with a login for the registry: kubernetes: pull_secret: in container.yaml; it is made by "
    "kubectl create secret docker-registry"
)
SAID = [
    (
        f"{BACK}RegistryUnavailable: image pull failed for {AT} because the registry is unavailable: unable to pull "
        f"image: initializing source docker://{AT}: {PING}dial tcp 10.99.0.1:5056: connect: connection refused",
        AWAY,
    ),
    (f"{CONTAINERD}{HEAD}dial tcp 10.99.0.1:5056: connect: connection refused", AWAY),
    (f"{CRIO}{PING}tls: failed to verify certificate: x509: certificate signed by unknown authority", TRUST),
    (f"{CONTAINERD}{HEAD}x509: certificate signed by unknown authority", TRUST),
    (f"{CRIO}{PING}http: server gave HTTP response to HTTPS client", PLAIN),
    (f"{CONTAINERD}{HEAD}http: server gave HTTP response to HTTPS client", PLAIN),
    (
        f"{BACK}ErrImagePull: unable to pull image or OCI artifact: pull image err: initializing source docker://{AT}: "
        "reading manifest sha256:055d in 10.99.0.1:5056/x/plain: authentication required; artifact err: image "
        "reference: get manifest from ref: create image source: reading manifest sha256:055d in "
        "10.99.0.1:5056/x/plain: authentication required",
        LOGIN,
    ),
    (
        f"{CONTAINERD}pulling from host 10.99.0.1:5056 failed with status code [manifests sha256:055d]: 401 Unauthorized",
        LOGIN,
    ),
    (f"{BACK}ErrImagePull: reading manifest sha256:055d in 10.99.0.1:5056/x/plain: manifest unknown", ""),
    ("", ""),
]


@pytest.mark.parametrize(("message", "wanted"), SAID)
def test_what_helps_a_node_to_pull(message: str, wanted: str) -> None:
    assert hint("node2", AT, message) == wanted
