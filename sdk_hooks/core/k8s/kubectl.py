"""The user's kubectl, on this machine or on one of the cluster's."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, BinaryIO, Generic, TypeVar

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Local, Result
from sdk_hooks.core.k8s import credentials
from sdk_hooks.core.k8s.app import MANAGER, Manifest
from sdk_hooks.core.k8s.failures import explained
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import Cluster
from sdk_hooks.target import Argv

_T = TypeVar("_T")
_TIMEOUT = "--request-timeout=20s"


@dataclass(frozen=True)
class Kubectl:
    """kubectl, with what chooses the cluster."""

    connection: Connection
    program: Argv
    options: Argv = ()
    namespace: str = ""
    """Empty for that of its context."""

    def show(self, *words: str, out: BinaryIO) -> int:
        """Pass on to *out* what `kubectl WORDS` prints as it comes; gives its exit status."""
        return link.show(self.connection, self._command(*words), out)

    def _command(self, *words: str) -> Argv:
        place = ("--namespace", self.namespace) if self.namespace else ()
        return (*self.program, *self.options, *place, *words)

    def try_(self, *words: str, stdin: bytes = b"") -> Result:
        """What `kubectl WORDS` did."""
        return link.feed(self.connection, self._command(*words), [stdin] if stdin else [])

    def run(self, *words: str, stdin: bytes = b"") -> str:
        """What `kubectl WORDS` prints.

        :raises SdkError: When it fails, with what it says.
        """
        result = self.try_(*words, stdin=stdin)
        if result.status:
            error = explained(result.error or result.output)
            raise self._unknown(error) if error.code == "unauthorized" else error
        return result.output

    def _unknown(self, error: SdkError) -> SdkError:
        """*error*, of a cluster that does not know us, with what our kubeconfig tells of it."""
        found = self.try_("config", "view", "--raw", "--minify", "--flatten", credentials.ASKED)
        return credentials.explained(error, found.output, time.time())

    def server(self) -> Any:
        """What version the cluster is of, as its API server tells; one that is away is known in seconds.

        Everything else looks for the kinds of objects first, and tries that for minutes.

        :raises SdkError: When it does not answer.
        """
        return json.loads(self.run("version", "--output=json", _TIMEOUT))["serverVersion"]

    def get(self, *words: str) -> Any:
        """The answer to `kubectl get WORDS` as JSON has it; the request ends after some seconds.

        :raises SdkError: When there is none.
        """
        return json.loads(self.run("get", *words, "--output=json", _TIMEOUT) or '{"items": []}')

    def apply(self, manifests: Iterable[Manifest], *, dry_run: bool = False, force: bool = False) -> str:
        """Apply *manifests* on the server, as ours.

        :param force: Also where a field is somebody else's.
        :raises SdkError: When the server does not take one; others may be there then, unless it is a dry run.
        """
        words = ["apply", "--server-side", f"--field-manager={MANAGER}", "--filename=-"]
        words += ["--dry-run=server"] if dry_run else []
        words += ["--force-conflicts"] if force else []
        return self.run(*words, stdin=listed(manifests))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each of *calls* gives: a cluster far away takes as long for all of them as for one.

    :raises SdkError: That of the first that raised one, in their order; all have ended then.
    """
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


class Recent(Generic[_T]):
    """What *call* gives, for all threads at once; asked again by who comes *seconds* after it was asked."""

    def __init__(self, call: Callable[[], _T], seconds: float = 0.5) -> None:
        self._call, self._seconds = call, seconds
        self._lock, self._asked = Lock(), 0.0
        self._known: tuple[_T, ...] = ()

    def __call__(self) -> _T:
        wanted = time.monotonic()
        with self._lock:  # however long the answer takes, those that wait for it take it
            if not self._known or wanted - self._asked > self._seconds:
                begun = time.monotonic()
                self._known, self._asked = (self._call(),), begun
            return self._known[0]


def listed(manifests: Iterable[Manifest]) -> bytes:
    """*manifests* as one document."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}).encode()


def here(clusters: Mapping[str, Cluster]) -> Argv:
    """What kubectl is called on this machine.

    :raises SdkError: When there is none.
    """
    # the plain one is the user's own, and knows about clusters elsewhere
    for cluster in sorted(clusters.values(), key=lambda each: len(each.kubectl)):
        if shutil.which(cluster.kubectl[0]):
            return cluster.kubectl
    raise _none("there is no kubectl here", "install it, or let a machine of the cluster run its own: --via")


def there(connection: Connection, clusters: Mapping[str, Cluster]) -> Argv:
    """What kubectl is called on the machine behind *connection*.

    :raises SdkError: When there is none.
    """
    if isinstance(connection, Local):
        return here(clusters)
    # one that belongs to a distribution knows the cluster of its machine
    known = sorted(clusters.values(), key=lambda each: -len(each.kubectl))
    look = "".join(
        f"command -v {quoted(each.kubectl[:1])} >/dev/null 2>&1 && {{ echo {each.name}; exit; }}\n"
        for each in known
    )
    found = link.run(connection, f"PATH=$PATH:/usr/local/bin:/snap/bin\n{look}").output.strip()
    if found not in clusters:
        raise _none(f"there is no kubectl on {connection.name!r}", "is it a machine of the cluster?")
    # a login by ssh may not look where distributions put theirs
    inner = 'PATH=$PATH:/usr/local/bin:/snap/bin; export PATH; exec "$@"'
    return ("sh", "-c", inner, "sh", *clusters[found].kubectl)


def _none(what: str, hint: str) -> SdkError:
    return SdkError(what, hint=hint, code="no-kubectl")
