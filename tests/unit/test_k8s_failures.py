"""What kubectl 1.20 to 1.37 said about a real cluster (1.36) when it could not, and what becomes of it."""

# ruff: noqa: E501  what was recorded stays in one piece
from __future__ import annotations

import pytest

from sdk_hooks.core.k8s import failures
from sdk_hooks.core.k8s.failures import explained

DENIED = 'Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: '
GET = 'Get \\"https://127.0.0.1:1/api?timeout=5s\\": dial tcp 127.0.0.1:1: connect: connection refused'
LOG = f'E1128 15:23:15.867506     659 memcache.go:381] "Couldn\'t get current server API group list" err="{GET}"\n'
X509 = "x509: certificate has expired or is not yet valid: "
TIMES = "current time 2026-11-28T15:25:21Z is after 2024-01-02T00:00:00Z"
SILENT = (
    "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
)
REFUSED = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"
NOWHERE = "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
RENEW = "compare the clocks: date; renew it, with kubeadm: kubeadm certs renew all"
FETCH = "fetch the kubeconfig again, as its certificate may have expired; or log in"
REACH = "is it on, and its address in the kubeconfig right? try: kubectl cluster-info"
SMALLER = "put less into configs: and secrets: the versions before are remembered, too"
LIMITS = "keep to them: resources: in container.yaml; they are: kubectl describe limitranges"
CONTEXTS = "kubectl config get-contexts shows those that there are"
KUBECONFIG = "name its kubeconfig: --kubeconfig FILE, or a machine of it: --via user@host"
QUOTA = "exceeded quota: small, requested: limits.memory=100Mi, used: limits.memory=0, limited: limits.memory=64Mi"
SAYS = 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set ...)'
SELECTOR = (
    'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{}}: field is immutable'
)
STATEFUL = (
    'The StatefulSet "stateful" is invalid: spec: Forbidden: updates to statefulset spec for fields other than '
    "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
NOBODY = 'User "system:serviceaccount:tests-b:nobody"'
PATCH = (
    f'deployments.apps "web" is forbidden: {NOBODY} cannot patch resource "deployments" in API group "apps"'
)
CONFLICT = """\
error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
"""
CONFLICTS = """\
error: Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1:
- .spec.replicas
- .spec.template.spec.containers[name="web"].image
Please review the fields above--they currently have other managers. Here
"""
TAKE = "compare: --dry-run; then take it: --force-conflicts"
KIND = 'no matches for kind "NetworkAttachmentDefinition" in version "k8s.cni.cncf.io/v1"'
MULTUS = "install what brings it, such as multus for a NetworkAttachmentDefinition"

SAID = [
    (
        'Get "https://127.0.0.1:16443/api/v1/namespaces/a/pods?limit=500": read tcp 127.0.0.1:57522->127.0.0.1:16443: '
        "read: connection reset by peer - error from a previous attempt: read tcp 127.0.0.1:57508->127.0.0.1:16443: "
        "read: connection reset by peer",
        "unreachable", "the cluster can't be reached", REACH,
    ),
    ('error: Get "https://127.0.0.1:16443/version?timeout=32s": EOF', "unreachable", "the cluster can't be reached", REACH),
    ("Unable to connect to the server: EOF", "unreachable", "the cluster can't be reached", REACH),
    (
        'Error from server (InternalError): an error on the server ("") has prevented the request from succeeding (get pods)',
        "busy", "the cluster has too much to do", "try again in a moment",
    ),
    ('error: context "nowhere" does not exist', "no-context", "there is no context 'nowhere'", CONTEXTS),
    (
        "Error in configuration: context was not found for specified context: nowhere",
        "no-context", "there is no context 'nowhere'", CONTEXTS,
    ),
    ("error: cannot locate context nowhere", "no-context", "there is no context 'nowhere'", CONTEXTS),
    (
        'error: error loading config file "bad.yaml": yaml: line 1: did not find expected node content',
        "bad-kubeconfig", "the kubeconfig 'bad.yaml' can't be read", "give another: --kubeconfig",
    ),
    (
        "error: stat /home/u/config: no such file or directory",
        "no-kubeconfig", "there is no kubeconfig '/home/u/config'", "give another: --kubeconfig",
    ),
    (
        f"Unable to connect to the server: tls: failed to verify certificate: {X509}{TIMES}",
        "expired", "a certificate of the cluster or of yours has expired, or a clock is wrong", RENEW,
    ),
    (
        f"Unable to connect to the server: {X509}{TIMES}",
        "expired", "a certificate of the cluster or of yours has expired, or a clock is wrong", RENEW,
    ),
    (
        "Unable to connect to the server: x509: certificate signed by unknown authority",
        "not-trusted", "the cluster's certificate is not one that the kubeconfig trusts",
        "fetch the kubeconfig again",
    ),
    (
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for "
        "localhost, kubernetes, not elsewhere.example",
        "not-trusted", "the cluster's certificate is not one that the kubeconfig trusts",
        "fetch the kubeconfig again",
    ),
    (
        "error: You must be logged in to the server (Unauthorized)",
        "unauthorized", "the cluster does not know you", FETCH,
    ),
    (
        "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
        "unauthorized", "the cluster does not know you", FETCH,
    ),
    (
        'error: Operation cannot be fulfilled on secrets "a": the object has been modified; please apply your '
        "changes to the latest version and try again",
        "overtaken", "somebody else has begun to deploy it meanwhile",
        "look at it: k8s-deploy NAME --status; then try again",
    ),
    (
        'The Secret "b" is invalid: data: Too long: may not be more than 1048576 bytes',
        "too-large", 'Secret "b": too large for the cluster', SMALLER,
    ),
    (
        'The ConfigMap "b" is invalid: []: Too long: may not be more than 1048576 bytes',
        "too-large", 'ConfigMap "b": too large for the cluster', SMALLER,
    ),
    (
        'error: Internal error occurred: failed calling webhook "check.sk.example": failed to call webhook: Post '
        '"https://127.0.0.1:9/x?timeout=10s": dial tcp 127.0.0.1:9: connect: connection refused',
        "webhook", "the cluster's webhook 'check.sk.example' fails, which has to allow everything there",
        "look at what runs it: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    (
        "Error from server (Timeout): etcdserver: request timed out",
        "busy", "the cluster has too much to do", "try again in a moment",
    ),
    ("error: EOF", "unauthorized", "the cluster does not know you", FETCH),
    (NOWHERE, "no-cluster", "kubectl knows of no cluster", KUBECONFIG),
    (REFUSED, "unreachable", "the cluster can't be reached", REACH),
    (
        "Unable to connect to the server: dial tcp 10.99.0.77:6443: connect: no route to host",
        "unreachable", "the cluster can't be reached", REACH,
    ),
    (
        "Unable to connect to the server: dial tcp: lookup no-such-host.invalid on 10.0.0.53:53: no such host",
        "unreachable", "the cluster can't be reached", REACH,
    ),
    (f"Unable to connect to the server: {SILENT}", "unreachable", "the cluster can't be reached", REACH),
    (
        "Unable to connect to the server: context deadline exceeded",
        "unreachable", "the cluster can't be reached", REACH,
    ),
    (
        'Error from server (NotFound): namespaces "nirgends" not found',
        "no-namespace", "the cluster has no namespace 'nirgends'",
        "make it: kubectl create namespace nirgends; or choose another: --namespace",
    ),
    (
        DENIED + QUOTA, "quota", "the quota 'small' of the namespace does not allow it",
        "ask for less: resources: in container.yaml, or fewer replicas",
    ),
    (
        DENIED + "maximum memory usage per Container is 32Mi, but limit is 104857600",
        "limit-range", "the namespace has limits: maximum memory usage per Container is 32Mi", LIMITS,
    ),
    (
        DENIED + "minimum memory usage per Container is 8Mi, but request is 1048576",
        "limit-range", "the namespace has limits: minimum memory usage per Container is 8Mi", LIMITS,
    ),
    (
        'Error from server (Forbidden): services "bb" is forbidden: unable to create new content in namespace old '
        "because it is being terminated",
        "terminating", "the namespace 'old' is being removed",
        "wait until it is gone: kubectl wait --for=delete namespace/old; or choose another: --namespace",
    ),
    (
        DENIED + "failed quota: small: must specify limits.memory for: web",
        "quota", "the quota 'small' of the namespace wants to know limits.memory",
        "say how much it needs: resources: in container.yaml",
    ),
    (
        DENIED + 'pod rejected: RuntimeClass "nixda" not found',
        "no-runtime-class", "the cluster has no RuntimeClass 'nixda'",
        "kubectl get runtimeclasses shows those that there are",
    ),
    (
        DENIED + SAYS, "pod-security",
        "the namespace's Pod Security Standard 'restricted:latest' does not allow it",
        "leave that out of container.yaml, or choose another namespace: --namespace",
    ),
    (
        SELECTOR, "immutable", "a field that can't be changed would be changed",
        "delete what is there, and deploy it anew: k8s-deploy NAME --delete",
    ),
    (
        STATEFUL, "immutable", "a field that can't be changed would be changed",
        "delete what is there, and deploy it anew: k8s-deploy NAME --delete",
    ),
    (
        f"Error from server (Forbidden): {PATCH} in the namespace \"tests-b\"",
        "forbidden", "you may not patch deployments there",
        "ask for a role that may; see: kubectl auth can-i patch deployments",
    ),
    (
        f"Error from server (Forbidden): nodes is forbidden: {NOBODY} cannot list resource \"nodes\" in API group"
        ' "" at the cluster scope',
        "forbidden", "you may not list nodes there",
        "ask for a role that may; see: kubectl auth can-i list nodes",
    ),
    (CONFLICT, "conflict", "'kubectl' has changed what is to be changed", TAKE),
    (CONFLICTS, "conflict", "'kubectl-edit' has changed what is to be changed", TAKE),
    (
        f'error: unable to recognize "STDIN": {KIND}',
        "unknown-kind", "the cluster does not know objects of the kind 'NetworkAttachmentDefinition'", MULTUS,
    ),
    (
        f'error: resource mapping not found for name: "p" namespace: "default" from "STDIN": {KIND}\n'
        "ensure CRDs are installed first",
        "unknown-kind", "the cluster does not know objects of the kind 'NetworkAttachmentDefinition'", MULTUS,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("said", "code", "what", "hint"), SAID)
def test_a_refusal_is_told_in_plain_words(said: str, code: str, what: str, hint: str) -> None:
    error = explained(said)

    assert (error.code, error.what, error.hint) == (code, what, hint)
    assert error.detail == said.partition("\nPlease review")[0]


def test_every_kind_of_refusal_has_been_seen() -> None:
    seen = {code for _, code, _, _ in SAID}

    assert {failure.code for failure in failures._FAILURES} == seen


def test_what_kubectl_logs_meanwhile_is_left_out() -> None:
    assert explained(LOG * 5 + REFUSED).detail == REFUSED
    assert explained(LOG).code == "unreachable"


def test_what_is_said_of_each_object_is_told_once() -> None:
    text = 'Error from server (NotFound): namespaces "nirgends" not found'

    assert explained("\n".join([text] * 5)).detail == text


def test_what_is_not_known_is_passed_on() -> None:
    lines = [f"line {number}" for number in range(6)]
    error = explained("\n".join(lines) + "\n")

    assert str(error) == (
        "kubectl failed [kubectl]\n  line 2\n  line 3\n  line 4\n  line 5\n  hint: try the same by hand"
    )
