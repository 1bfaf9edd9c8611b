"""What `k8s-deploy` does besides deploying once: it watches, looks at nodes, and meets old certificates."""

import json
import os
import re
import signal
import socketserver
import threading
from pathlib import Path

import pytest
from unit.registrymaker import certificate, tls

from .apisite import ApiSite, program, site
from .kubeapi.server import Api, kubeconfig, served
from .place import finish, wait
from .tester import Cli

__all__ = ["site"]
pytestmark = pytest.mark.integration
BOTH = pytest.mark.parametrize("site", ["debian", "newer"], indirect=True)
UNKNOWN = (
    "error: You must be logged in to the server (the server has asked for the client to provide credentials)"
)


def test_a_change_of_the_sources_becomes_new_pods(site: ApiSite, tmp_path: Path) -> None:
    tree, place = tmp_path / "tree", tmp_path / "images"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/app").write_text("#!/bin/app\none")
    (tree / "bin/app").chmod(0o755)
    words = ("--from", str(tree), "--entrypoint", "/bin/app", "--platform", "linux/amd64", "-o", str(place))
    site.cli.build("plain", *words, cwd=tmp_path)

    running = site.start("plain", "--watch", "-o", str(place), version="")
    try:
        first = wait(lambda: _deployed(site), 40)
        (tree / "bin/app").write_text("#!/bin/app\ntwo and more")
        second = wait(lambda: (now := _deployed(site)) != first and now, 40)
        assert site.node.sh("ctr -n k8s.io images ls -q").split().count(second) == 1
    finally:
        os.killpg(running.pid, signal.SIGINT)
        done = finish(running)
    assert done.status == 130
    assert f"watching {tree}" in done.stderr
    assert done.stderr.count("Deployment plain: 1 of 1 up\n") == 2


def _deployed(site: ApiSite) -> str:
    """The image of the version that the cluster remembers as the one that is up."""
    known = site.api.store.find("secrets", "shop")
    assert [set(each["data"]) - {"previous"} for each in known] == [{"current"}]
    return site.image()


def test_all_nodes_of_the_cluster_are_looked_at(site: ApiSite) -> None:
    done = site("--check-nodes", "--format", "json")

    [edge] = json.loads(done.stdout)
    assert edge["node"] == "edge"
    levels = {each["level"] for each in edge["findings"]}
    assert "ok" in levels
    assert done.status == int("error" in levels), done.stderr
    text = site("--check-nodes")
    assert (text.status, text.stdout.split()[:5]) == (done.status, ["NODE", "LEVEL", "WHAT", "DETAIL", "FIX"])
    fine = sum(each["level"] == "ok" for each in edge["findings"])
    assert f"{fine} things are as they should be\n" in text.stderr


def test_a_node_that_can_not_be_looked_at(site: ApiSite) -> None:
    done = site.cli(
        "k8s-deploy", "--check-nodes", "--kubeconfig", str(site.kubeconfig), "--node", "edge=root@127.0.0.1:1"
    )

    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("error: 'root@127.0.0.1:1' does not answer on its ssh port [unreachable]\n")


@BOTH
def test_the_certificate_of_who_asks_has_expired(site: ApiSite, tmp_path: Path) -> None:
    """The server says only that it knows nobody like that."""
    site.api.answers.append(site.api.store.find("nodes", "")[0])
    certificate(tmp_path, "old", expired=True)
    raw = json.loads(site.kubeconfig.read_text())
    names = {"client-certificate": str(tmp_path / "old.crt"), "client-key": str(tmp_path / "key")}
    site.kubeconfig.write_text(json.dumps({**raw, "users": [{"name": "us", "user": names}]}))
    site.api.unauthorized = True

    text = re.sub(r"\d{4}-\d\d-\d\d [0-9:]+ UTC", "TIME", site.refused())
    assert text == (
        "your certificate for the cluster has expired [expired]\n"
        "  it was valid until TIME\n"
        f"  {UNKNOWN}\n"
        "  hint: fetch the kubeconfig again; with kubeadm renew it before: kubeadm certs renew admin.conf\n"
    )


def test_whether_the_cluster_is_there_is_asked_first(site: ApiSite) -> None:
    """Any other question looks for the kinds of objects before, five times until it is given up: minutes."""
    site.api.answers.append(site.api.store.find("nodes", "")[0])
    asked: list[str] = []
    raw = json.loads(site.kubeconfig.read_text())
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _mute(asked)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        raw["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{server.server_address[1]}"
        site.kubeconfig.write_text(json.dumps(raw))
        done = [site("plain", each) for each in ("--status", "--logs", "--delete", "--rollback")]
        server.shutdown()

    assert {(each.status, each.stdout) for each in done} == {(1, "")}
    told = {each.stderr.splitlines()[0] for each in done}
    assert told == {"error: the cluster has too much to do [busy]"}
    assert {line.split()[1].partition("?")[0] for line in asked} == {"/version"}


def _mute(asked: list[str]) -> type[socketserver.BaseRequestHandler]:
    """Notes what is asked, and has no answer."""

    class Mute(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode())
            self.wfile.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    return Mute


@pytest.mark.parametrize("which", ["debian", "newer"])
def test_the_certificate_of_the_cluster_has_expired(cli: Cli, tmp_path: Path, which: str) -> None:
    (tmp_path / "kubectl").symlink_to(program(which))
    old = certificate(tmp_path, "old", expired=True)
    with served(Api(), tls(old)) as port:
        path = kubeconfig(tmp_path, port)
        raw = json.loads(path.read_text())
        place = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(tmp_path / "old.crt")}
        us = {"name": "us", "user": {"token": "t"}}  # kubectl asks on the terminal for one that has nothing
        path.write_text(json.dumps({**raw, "clusters": [{"name": "edge", "cluster": place}], "users": [us]}))
        own = Cli(cli.home)
        own.environment.update(PATH=f"{tmp_path}:{own.environment['PATH']}", HOME=str(tmp_path))
        done = own("k8s-deploy", "plain", "-o", f"{cli.home}/v1", "--kubeconfig", str(path))

    assert (done.status, done.stdout) == (1, "")
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:]+(Z|[+-][0-9:]+)", "TIME", done.stderr)
    assert text.replace("tls: failed to verify certificate: ", "") == (  # which newer ones say first
        "error: a certificate of the cluster or of yours has expired, or a clock is wrong [expired]\n"
        "  Unable to connect to the server: x509: certificate has expired or is not yet valid: current "
        "time TIME is after TIME\n"
        "  hint: compare the clocks: date; renew it, with kubeadm: kubeadm certs renew all\n"
    )
