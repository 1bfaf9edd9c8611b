"""What kubectl and the API server say when they refuse, in plain words."""

from __future__ import annotations

import re
from typing import NamedTuple

from sdk_hooks.errors import SdkError


class Failure(NamedTuple):
    """One kind of refusal; `{0}` is the first group of the pattern that matched anything."""

    code: str
    pattern: str
    what: str
    hint: str


PASSING = ("unreachable", "busy")
"""Codes of what may be otherwise in a moment."""

_FAILURES = (
    Failure(  # before what it says of an address
        "webhook",
        r"failed calling webhook \"([^\"]+)\"",
        "the cluster's webhook {0!r} fails, which has to allow everything there",
        "look at what runs it: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    Failure(
        "too-large",
        r"The (\S+ \"[^\"]+\") is invalid: .*Too long: may not be more than"
        r"|etcdserver: (request is too large)",
        "{0}: too large for the cluster",
        "put less into configs: and secrets: the versions before are remembered, too",
    ),
    Failure(
        "busy",
        r"etcdserver: |the server is currently unable to handle|[Tt]oo [Mm]any [Rr]equests"
        r"|an error on the server \(.*\) has prevented the request"
        r"|the server was unable to return a response|ServiceUnavailable|apiserver not ready",
        "the cluster has too much to do",
        "try again in a moment",
    ),
    Failure(
        "overtaken",
        r"the object has been modified; please apply your changes to the latest version",
        "somebody else has begun to deploy it meanwhile",
        "look at it: k8s-deploy NAME --status; then try again",
    ),
    Failure(
        "no-context",
        r"context \"([^\"]+)\" does not exist|no context exists with the name: \"([^\"]+)\""
        r"|not found for specified context: (\S+)|cannot locate context (\S+)",
        "there is no context {0!r}",
        "kubectl config get-contexts shows those that there are",
    ),
    Failure(
        "bad-kubeconfig",
        r"error loading config file \"([^\"]+)\"",
        "the kubeconfig '{0}' can't be read",
        "give another: --kubeconfig",
    ),
    Failure(
        "no-kubeconfig",
        r"^error: (?:stat|open) (\S+): no such file or directory",
        "there is no kubeconfig '{0}'",
        "give another: --kubeconfig",
    ),
    Failure(
        "expired",
        r"certificate has expired or is not yet valid",
        "a certificate of the cluster or of yours has expired, or a clock is wrong",
        "compare the clocks: date; renew it, with kubeadm: kubeadm certs renew all",
    ),
    Failure(
        "not-trusted",
        r"certificate signed by unknown authority|certificate is valid for|failed to verify certificate",
        "the cluster's certificate is not one that the kubeconfig trusts",
        "fetch the kubeconfig again",
    ),
    Failure(
        "unauthorized",
        r"You must be logged in|Unauthorized|provide credentials|^error: EOF$",
        "the cluster does not know you",
        "fetch the kubeconfig again, as its certificate may have expired; or log in",
    ),
    Failure(
        "no-cluster",
        r"localhost:8080",
        "kubectl knows of no cluster",
        "name its kubeconfig: --kubeconfig FILE, or a machine of it: --via user@host",
    ),
    Failure(
        "unreachable",
        r"connection refused|connection to the server|dial tcp|no route to host|i/o timeout"
        r"|network is unreachable|context deadline exceeded|TLS handshake timeout|Client.Timeout exceeded"
        r"|connection reset by peer|broken pipe|http2: client connection lost|unexpected EOF"
        r"|(?:\"|to the server): EOF$",
        "the cluster can't be reached",
        "is it on, and its address in the kubeconfig right? try: kubectl cluster-info",
    ),
    Failure(
        "no-namespace",
        r"namespaces \"([^\"]+)\" not found",
        "the cluster has no namespace {0!r}",
        "make it: kubectl create namespace {0}; or choose another: --namespace",
    ),
    Failure(
        "terminating",
        r"in namespace (\S+) because it is being terminated",
        "the namespace {0!r} is being removed",
        "wait until it is gone: kubectl wait --for=delete namespace/{0}; or choose another: --namespace",
    ),
    Failure(
        "quota",
        r"exceeded quota: ([^,]+), requested",
        "the quota {0!r} of the namespace does not allow it",
        "ask for less: resources: in container.yaml, or fewer replicas",
    ),
    Failure(
        "quota",
        r"failed quota: ([^:]+): must specify ([\w.,-]+)",
        "the quota {0!r} of the namespace wants to know {1}",
        "say how much it needs: resources: in container.yaml",
    ),
    Failure(
        "limit-range",
        r"forbidden: \[?((?:max|min)imum \S+ usage per \w+ is [\w.]+?)[,.] ",
        "the namespace has limits: {0}",
        "keep to them: resources: in container.yaml; they are: kubectl describe limitranges",
    ),
    Failure(
        "pod-security",
        r"violates PodSecurity \"([^\"]+)\"",
        "the namespace's Pod Security Standard {0!r} does not allow it",
        "leave that out of container.yaml, or choose another namespace: --namespace",
    ),
    Failure(
        "immutable",
        r"field is immutable|updates to \S+ spec for fields other than|is immutable after creation",
        "a field that can't be changed would be changed",
        "delete what is there, and deploy it anew: k8s-deploy NAME --delete",
    ),
    Failure(
        "forbidden",
        r"cannot (\w+) resource \"([^\"]+)\"",
        "you may not {0} {1} there",
        "ask for a role that may; see: kubectl auth can-i {0} {1}",
    ),
    Failure(
        "conflict",
        r"Apply failed with \d+ conflicts?: conflicts? with \"([^\"]+)\"",
        "{0!r} has changed what is to be changed",
        "compare: --dry-run; then take it: --force-conflicts",
    ),
    Failure(
        "no-runtime-class",
        r"RuntimeClass \"([^\"]+)\" not found",
        "the cluster has no RuntimeClass {0!r}",
        "kubectl get runtimeclasses shows those that there are",
    ),
    Failure(
        "unknown-kind",
        r"no matches for kind \"([^\"]+)\"",
        "the cluster does not know objects of the kind {0!r}",
        "install what brings it, such as multus for a NetworkAttachmentDefinition",
    ),
)


_LINES = 4
_LOG = re.compile(r"^[EWI]\d{4} .*\n?", re.MULTILINE)
"""What kubectl logs about its tries, over what it says in the end."""


def explained(text: str) -> SdkError:
    """The error for what kubectl said."""
    said = _LOG.sub("", text).strip() or text.strip()
    for failure in _FAILURES:
        match = re.search(failure.pattern, said, re.MULTILINE)
        if match:
            groups = [group for group in match.groups() if group] or [""]
            what, hint = failure.what.format(*groups), failure.hint.format(*groups)
            return SdkError(what, detail=_around(said, match), hint=hint, code=failure.code)
    words = "\n".join(said.splitlines()[-_LINES:])
    return SdkError("kubectl failed", detail=words, hint="try the same by hand", code="kubectl")


def _around(said: str, match: re.Match[str]) -> str:
    """The line that says it, and what belongs to it; not the advice for those who type kubectl themselves."""
    start = said.rfind("\n", 0, match.start()) + 1
    lines = said[start:].partition("\nPlease review")[0].splitlines()
    return "\n".join([*dict.fromkeys(lines)][:_LINES])  # each object of a list may be refused alike
