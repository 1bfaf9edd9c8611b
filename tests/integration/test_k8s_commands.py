"""What `k8s-deploy` does besides deploying once: it watches, looks at nodes, and meets old certificates."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from unit.registrymaker import certificate, tls

from .apisite import ApiSite, program, site
from .kubeapi.server import Api, kubeconfig, served
from .place import finish, wait
from .tester import Cli

__all__ = ["site"]
pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize("which", ["debian", "newer"])
def test_the_certificate_of_the_cluster_has_expired(cli: Cli, tmp_path: Path, which: str) -> None:
    (tmp_path / "kubectl").symlink_to(program(which))
    old = certificate(tmp_path, "old", days=-1)
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
