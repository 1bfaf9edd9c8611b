"""Two SDKs without BitBake, and a publisher whom they only know by a static web server."""

# ruff: noqa: E501  command lines and tables are read best as such

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.userland import find_program
from unit import gpgkeys
from unit.debmaker import deb, member

from .place import Place, wait
from .tester import Cli, Done

pytestmark = pytest.mark.integration


class Publisher:
    """Makes packages and a base image, and publishes them for a web server."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.cli, self.served = Cli(home), home / "served"
        self.served.mkdir()
        self.key = gpgkeys.make(home)
        self.url = ""

    def publish(self, base: str, **versions: str) -> None:
        """Publish packages in these versions, and the base image *base*."""
        packages = self.cli.home / "packages"
        for name, version in versions.items():
            files = [member("./", mode=0o755), member(f"./www/{name}", f"{name} {version}\n".encode())]
            control = "Depends: page\n" if name == "web" else ""
            made = packages / name / f"{name}_{version}_all.deb"
            if not made.exists():
                shutil.rmtree(packages / name, ignore_errors=True)
                deb(packages / name, name, *files, version=version, control=control)
        tree = self.cli.home / "tree"
        (tree / "bin").mkdir(parents=True, exist_ok=True)
        (tree / "etc").mkdir(exist_ok=True)
        shutil.copy(str(find_program("busybox")), tree / "bin/busybox")
        (tree / "etc/passwd").write_text(f"root:x:0:0::/:\n{base}:x:7:7::/:\n")
        (tree / "etc/base").write_text(base)
        self.cli.build("base", "--from", str(tree), "--entrypoint", "/bin/busybox")
        done = self.cli("publish", str(self.served), "--packages", str(packages), "--image", "base",
                        "--gpg-key", str(self.key.secret))  # fmt: skip
        assert done.status == 0, done.stderr


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """With Python's web server, which stands for any that knows nothing of all this."""
    made = Publisher(tmp_path / "publisher")
    argv = (
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(made.served),
    )
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        made.url = server.stdout.readline().split("(")[1].split(")")[0].rstrip("/")
        yield made
        server.send_signal(signal.SIGTERM)


class Client(Cli):
    """An SDK of feeds, base images and containers only."""

    def sdk_update(self, *options: str, status: int = 0) -> Done:
        done = self("sdk-update", *options)
        assert done.status == status, done.stdout + done.stderr
        return done

    def rows(self) -> list[list[str]]:
        """The table of a check that finds something, digests left out."""
        lines = self.sdk_update("--check", status=10).stdout.splitlines()
        return [[cell for cell in line.split() if ":" not in cell or "/" in cell] for line in lines[1:]]

    def digest(self) -> str:
        return str(
            json.loads((self.home / "data/devtool-containers/images/web-latest-oci/index.json").read_text())[
                "manifests"
            ][0]["digest"]
        )


@pytest.fixture
def clients(crun: Place, publisher: Publisher, tmp_path: Path) -> list[Client]:
    """Two, each with a container of packages on the publisher's base image; the first one's is deployed."""
    publisher.publish("one", web="1.0", page="1.0")
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        client = Client(tmp_path / name)
        done = client.sdk_update(publisher.url, "--check", "--key", str(publisher.key.public), status=10)
        assert [line.split()[:4] for line in done.stdout.splitlines()[1:]] == [["-", "image", "base", "-"]]
        client.sdk_update(publisher.url, "--key", str(publisher.key.public))
        spec = tmp_path / name / "container.yaml"
        spec.write_text(
            f"install: [web]\nfeeds: ['{publisher.url}/current/deb key={publisher.key.public}']\nbase: base\nports: [8077]\n"
            "stop_signal: SIGKILL\nentrypoint: [/bin/busybox, httpd, -f, -p, '8077', -h, /www]\nhealthcheck: {http: {port: 8077, path: /web}}\n"
        )
        client.build("web", "--platform", "linux/amd64", "--lock", cwd=tmp_path / name)
        found.append(client)
    assert found[0].digest() == found[1].digest()
    return found


def deployed(client: Client, place: Place, *options: str) -> list[dict[str, Any]]:
    done = client("sdk-update", "--deploy", place.alias, *place.ssh, "--format", "json", *options)
    assert done.status == 0, done.stderr
    return list(json.loads(done.stdout.partition("\n]\n")[2] or done.stdout))


def test_a_publisher_moves_on_and_two_sdks_follow(
    crun: Place, publisher: Publisher, clients: list[Client]
) -> None:
    one, other = clients
    done = one("container-deploy", "web", crun.alias, *crun.ssh)
    assert done.status == 0, done.stderr
    assert one.sdk_update("--check").stdout == ""
    first = one.digest()
    lock = (one.home / "container.lock").read_text()

    publisher.publish("one", web="1.0", page="1.1")
    line = f"{publisher.url}/current/deb"
    for client in clients:
        feed, package = client.rows()
        assert (feed[:3], package) == (["-", "feed", line], ["web", "package", "page", "1.0", "1.1"])
    spec, images = one.home / "container.yaml", one.home / "data/devtool-containers/images"
    assert (
        one.sdk_update("-n").stdout
        == f"container-build web -f {spec} -o {images} --lock --platform linux/amd64\n"
    )
    assert one.digest() == first

    [record] = deployed(one, crun)
    assert (record["name"], record["result"], record["sent"].split(" in ")[1]) == (
        "web",
        "deployed",
        "1 layer",
    )
    assert wait(lambda: crun.sh("wget -qO- http://127.0.0.1:8077/page")) == "page 1.1\n"
    assert crun.state("web")["health"] == "healthy"
    assert "1.1" in (one.home / "container.lock").read_text()

    other.sdk_update()
    assert other.digest() == one.digest() != first
    other.sdk_update("--rollback")
    assert other.digest() == first
    assert (other.home / "container.lock").read_text() == lock


def test_another_base_is_all_that_is_sent(crun: Place, publisher: Publisher, clients: list[Client]) -> None:
    """Also when it brings other users: the layers of the packages stay what they are."""
    one = clients[0]
    done = one("container-deploy", "web", crun.alias, *crun.ssh)
    assert done.status == 0, done.stderr
    before = crun.images()
    publisher.publish("two", web="1.0", page="1.0")

    assert one.rows() == [["-", "image", "base"], ["web", "base", "base"]]
    [record] = deployed(one, crun)
    assert record["sent"].endswith(" in 1 layer")
    assert len(set(crun.images()) - set(before)) == 1


def test_what_fails_stays_as_it_was(publisher: Publisher, clients: list[Client]) -> None:
    one, _ = clients
    before = one.digest()
    publisher.publish("one", web="1.1", page="1.0")
    path = next((publisher.served / "current").resolve().rglob("web_1.1_all.deb"))
    path.write_bytes(b"another one")

    done = one.sdk_update(status=1)
    assert "error: web: " in done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["web", "failed", "[wrong-hash]"]
    assert one.digest() == before


def test_ctrl_c_leaves_what_was(publisher: Publisher, clients: list[Client]) -> None:
    publisher.publish("one", web="1.1", page="1.1")
    one, _ = clients
    before = one.digest()
    process = one.start("sdk-update")
    assert process.stderr
    assert any("building web again" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    if process.returncode:
        assert one.digest() == before
    one.sdk_update()
    assert one.sdk_update("--check").stdout == ""


def test_apt_takes_packages_from_there(publisher: Publisher, tmp_path: Path) -> None:
    """With the key, and by hash: a generation that is published meanwhile does not disturb it."""
    publisher.publish("one", web="1.0", page="1.0")
    top = tmp_path / "apt"
    for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/preferences.d"):
        (top / name).mkdir(parents=True)
    (top / "sources.list").write_text(
        f"deb [signed-by={publisher.key.public}] {publisher.url}/current/deb ./\n"
    )
    (top / "apt.conf").write_text(
        f'Dir "{top}"; Dir::State::status "/dev/null"; Dir::Etc::sourcelist "{top}/sources.list";\n'
        'Dir::Etc::sourceparts "/dev/null"; APT::Sandbox::User "root"; Acquire::Languages "none";\n'
    )

    def apt(*words: str) -> str:
        argv = (words[0], "-c", str(top / "apt.conf"), *words[1:])
        done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=top)
        assert done.returncode == 0, done.stderr
        return done.stdout

    apt("apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any")
    publisher.publish("one", web="1.1", page="1.0")
    apt("apt-get", "-q", "download", "web")
    assert [path.name for path in top.glob("*.deb")] == ["web_1.0_all.deb"]
    assert "Candidate: 1.0" in apt("apt-cache", "policy", "web")
