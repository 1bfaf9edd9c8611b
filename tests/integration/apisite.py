"""The command with a cluster whose API server is ours, and whose only node is a board with containerd."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import pytest

from .kubeapi.server import Api, kubeconfig
from .place import Place
from .tester import Cli, Done

VERSION = "1.36"
NEWER = "KUBECTL=<a newer kubectl than Debian's, from https://dl.k8s.io> is not set"


def program(which: str) -> Path:
    """Debian's kubectl, or a newer one, as *which* says."""
    if which == "newer":
        if not os.environ.get("KUBECTL"):
            pytest.skip(NEWER)
        return Path(os.environ["KUBECTL"])
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed: apt-get install kubernetes-client")
    return Path(found)


class ApiSite:
    """Where the command is run, and what it says."""

    def __init__(self, api: Api, port: int, node: Place, directory: Path, kubectl: Path) -> None:
        self.api, self.node = api, node
        self.kubeconfig = kubeconfig(directory, port)
        (directory / "bin").mkdir()
        (directory / "bin/kubectl").symlink_to(kubectl)
        self.cli = Cli(node.cli.home)
        path = f"{directory}/bin:{self.cli.environment['PATH']}"
        self.cli.environment.update(PATH=path, HOME=str(directory))

    def __call__(self, *words: str, version: str = "") -> Done:
        return self.cli(*self._words(*words, version=version))

    def start(self, *words: str, version: str) -> subprocess.Popen[str]:
        """Begin, and go on."""
        return self.cli.start(*self._words(*words, version=version))

    def _words(self, *words: str, version: str) -> tuple[str, ...]:
        place = ("--kubeconfig", str(self.kubeconfig), "--node", f"edge={self.node.alias}")
        images = ("-o", f"{self.cli.home}/{version}") if version else ()
        return ("k8s-deploy", *words, *images, *place, *self.node.ssh)

    def deployed(self, name: str, version: str = "v1", *options: str) -> str:
        """Deploy, which must succeed, and give its result."""
        done = self(name, "--format", "json", *options, version=version)
        assert done.status == 0, done.stderr
        return str(done.json()[0]["result"])

    def refused(self, name: str = "plain", version: str = "v1", *options: str) -> str:
        """Deploy, which must fail, and give the error."""
        done = self(name, *options, version=version)
        assert (done.status, done.stdout) == (1, ""), done
        return self.node.normal(done.stderr.partition("error: ")[2])

    def there(self) -> list[str]:
        """All objects of the namespace but what every one has."""
        return sorted(f"{kind}/{name}" for kind, place, name in self.api.store.objects if place == "shop")

    def image(self) -> str:
        """Of the Deployment that there is."""
        [found] = self.api.store.find("deployments", "shop")
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def valid(api: Api) -> int:
    """How many different objects were answered, all of which Kubernetes' own schemas allow."""
    found = {json.dumps(each, sort_keys=True) for answer in api.answers for each in _objects(answer)}
    for text in found:
        kubernetes_validate.validate(json.loads(text), VERSION, strict=True)
    return len(found)


def _objects(answer: dict[str, object]) -> Iterator[object]:
    items = answer.get("items")
    if isinstance(items, list):
        yield from items
    elif "metadata" in answer and answer.get("kind") != "Status":
        yield answer
