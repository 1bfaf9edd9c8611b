"""The command with a cluster whose API server is ours, and whose only node is a board with containerd."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import kubernetes_validate
import pytest

from .kubeapi.server import Api, kubeconfig, served
from .place import Place
from .tester import Cli, Done

VERSION = "1.36"
FETCHED = Path(__file__).parent.parent.parent / ".venv/kube/kubectl"
NEWER = "no newer kubectl than Debian's is here: make test fetches one, or KUBECTL=<from https://dl.k8s.io>"


def program(which: str) -> Path:
    """Debian's kubectl, or a newer one, as *which* says."""
    if which == "newer":
        newer = Path(os.environ.get("KUBECTL", FETCHED))
        if not newer.exists():
            pytest.skip(NEWER)
        return newer
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


@pytest.fixture(params=["debian"])
def site(request: pytest.FixtureRequest, at: Callable[[str], Place], tmp_path: Path) -> Iterator[ApiSite]:
    """A cluster on which nothing is; whatever its server answered was valid."""
    kubectl, node = program(request.param), at("containerd")
    api = Api()
    with served(api) as port:
        yield ApiSite(api, port, node, tmp_path, kubectl)
    node.sh("for i in $(ctr -n k8s.io images ls -q); do ctr -n k8s.io images rm --sync $i; done")
    assert valid(api)
