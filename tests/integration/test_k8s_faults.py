"""What can go wrong between a person, a cluster and another person: whoever is in doubt loses nothing."""

import json
import urllib.request
from pathlib import Path

import pytest

from .apisite import ApiSite, site
from .kubeapi.store import Object, RefusedError
from .place import finish, wait
from .registries import registry
from .tester import build_other

__all__ = ["site"]
pytestmark = pytest.mark.integration
NOBODY = "system:serviceaccount:shop:nobody"
OVERTAKEN = (
    "somebody else has begun to deploy it meanwhile [overtaken]\n"
    '  error: Operation cannot be fulfilled on secrets "plain.devtool-containers": the object has been '
    "modified; please apply your changes to the latest version and try again\n"
    "  hint: look at it: k8s-deploy NAME --status; then try again\n"
)


def test_what_nobody_waited_for_is_what_is_gone_back_to(site: ApiSite) -> None:
    """It is up by the time of the next deployment: it was no failure, and no first version that goes."""
    assert site.deployed("plain", "v1", "--no-wait") == "started"
    first = site.image()
    wait(lambda: site("plain", "--status", "--format", "json").json()[0]["workloads"][0]["state"] == "up")
    site.api.clock.fails = {"crash": "CrashLoopBackOff"}

    text = site.refused("plain", "v2", "--env", "MODE=crash")
    assert text.endswith("  hint: the version before runs again\n")
    assert site.image() == first
    assert site.deployed("plain") == "unchanged"


def test_what_never_began_is_not_taken_for_what_runs(site: ApiSite) -> None:
    """A deployer that was killed before it changed anything: its version is not the one that is up."""
    site.deployed("plain")
    first = site.image()
    site.node.board.cut_link(after=4000)
    cut = site("plain", "--env", "WHO=cut", version="v2")
    site.node.board.restore_link()
    assert cut.status == 1, cut.stdout
    assert site.image() == first
    state = site("plain", "--status", "--format", "json").json()[0]
    assert (state["pending"], state["rollback"]) == (False, False)  # type: ignore[index]  # it is JSON
    assert site.deployed("plain") == "unchanged"


def test_a_cluster_that_is_busy_for_a_moment_is_asked_again(site: ApiSite) -> None:
    site.deployed("plain")
    first = site.image()
    site.api.busy = 3

    done = site("plain", version="v2")
    assert done.status == 0, done.stderr
    assert "plain: the cluster has too much to do: asking again\n" in done.stderr
    assert site.image() != first


def test_a_cluster_that_is_away_when_it_is_to_be_told_is_told_again(site: ApiSite) -> None:
    """Nothing would go on there without us: it has not been told of the new version."""
    site.deployed("plain")
    first, asked = site.image(), 0

    def away(item: Object) -> None:
        nonlocal asked
        asked += item["kind"] == "Deployment"
        if item["kind"] == "Deployment" and asked in (2, 3):  # the first is a dry run
            raise RefusedError(
                503, "ServiceUnavailable", "the server is currently unable to handle the request"
            )

    site.api.store.admit.append(away)
    done = site("plain", version="v2")
    assert done.status == 0, done.stderr
    assert "plain: the cluster has too much to do: asking again\n" in done.stderr
    assert (site.image() != first, asked) == (True, 4)
    assert site.deployed("plain", "v2") == "unchanged"


def test_who_looked_before_another_deployed_changes_nothing(site: ApiSite) -> None:
    site.deployed("plain")

    done = []

    def another(body: bytes) -> None:
        if b"plain-check" in body and b"late" in body and not done:  # that one has looked by now
            done.append(True)
            assert site.deployed("plain", "v2") == "deployed"

    site.api.before = another
    assert site.refused("plain", "v1", "--env", "WHO=late") == OVERTAKEN
    second = site.image()
    assert site.deployed("plain", "v2") == "unchanged"
    assert site.image() == second


def test_somebody_else_deploys_meanwhile(site: ApiSite) -> None:
    """Who began later ends it: the first neither calls its version the current one nor goes back."""
    site.deployed("plain")
    site.api.clock.fails = {"first": "ContainerCreating"}  # it is never up
    first = site.start("plain", "--env", "WHO=first", version="v1")
    wait(lambda: "WHO" in json.dumps(site.api.store.find("deployments", "shop")))
    assert site.deployed("plain", "v2", "--force-conflicts") == "deployed"
    done = finish(first)

    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.partition("error: ")[2] == (
        "somebody else has deployed 'plain' meanwhile [overtaken]\n"
        "  what was begun here is left to what they began\n"
        "  hint: look at it: k8s-deploy plain --status\n"
    )
    assert site.deployed("plain", "v2") == "unchanged"


def test_who_brings_images_while_another_deploys_applies_nothing(site: ApiSite) -> None:
    """Else it would run over what the cluster remembers, and the other was told, as up."""
    site.deployed("plain")
    looked, done = 0, []

    def another(body: bytes) -> None:
        nonlocal looked
        looked += b"devtool-containers/release" in body  # a dry run, and the word that it has begun
        if looked == 2 and not body and not done:  # its images are there now
            done.append(True)
            assert site.deployed("plain", "v2") == "deployed"

    site.api.before = another
    assert site.refused("plain", "v1", "--env", "WHO=late") == (
        "somebody else has deployed 'plain' meanwhile [overtaken]\n"
        "  what was begun here is left to what they began\n"
        "  hint: look at it: k8s-deploy plain --status\n"
    )
    assert done
    assert '"late"' not in json.dumps(site.api.store.find("deployments", "shop"))
    assert site.deployed("plain", "v2") == "unchanged"


def test_the_reason_is_told_also_when_going_back_fails(site: ApiSite) -> None:
    site.deployed("plain")
    site.api.clock.fails = {"crash": "CrashLoopBackOff", "plain": "ImagePullBackOff"}

    text = site.refused("plain", "v2", "--env", "MODE=crash", "--timeout", "3s")
    assert text.splitlines()[0] == "Deployment 'plain' did not come up [not-up]"
    assert "CrashLoopBackOff: exit status 3" in text
    assert "  going back failed, too: Deployment 'plain' did not come up\n" in text
    assert text.endswith("  hint: look at it: k8s-deploy plain --status\n")


def test_a_version_that_ran_and_does_not_any_more(site: ApiSite) -> None:
    """Nothing is gone back to: it is that version."""
    site.deployed("plain")
    site.api.clock.fails = {"plain": "CrashLoopBackOff"}
    for pod in site.api.store.find("pods", "shop"):
        site.api.store.delete(("pods", "shop", pod["metadata"]["name"]))

    assert site.refused("plain").endswith(
        "  hint: it is the version that ran before: k8s-deploy plain --logs, or --rollback\n"
    )


def test_a_dry_run_shows_what_is_in_conflict(site: ApiSite) -> None:
    site.deployed("plain")
    image = {"name": "plain", "image": "theirs"}
    fields = {"metadata": {"name": "plain"}, "spec": {"template": {"spec": {"containers": [image]}}}}
    site.api.store.patch(("deployments", "shop", "plain"), fields, "kubectl-set")

    done = site("plain", "--dry-run", version="v2")
    assert done.status == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["-", "image:", "theirs"] in lines or ["-", "-", "image:", "theirs"] in lines, done.stdout
    assert site.image() == "theirs"


def test_nodes_that_nobody_may_look_at(site: ApiSite, tmp_path: Path) -> None:
    """With a registry nothing of them has to be known; without one they have to be logged in to."""
    site.api.forbidden = {("list", "nodes"): NOBODY}
    assert site.refused().splitlines()[0] == "you may not list nodes there [forbidden]"
    with registry(tmp_path) as place:
        done = site("plain", "--registry", f"http://{place}/team", version="v1")

    assert done.status == 0, done.stderr
    assert "you may not look at the nodes" in done.stderr
    assert site.image().startswith(f"{place}/team/plain@sha256:")


def test_a_node_gets_the_image_of_its_architecture(site: ApiSite, tmp_path: Path) -> None:
    """Pods ask for one name on all nodes; a registry is given the index that it is the digest of."""
    also = ("--also", str(build_other(site.cli, tmp_path / "arm")))
    assert site.deployed("plain", "v1", *also) == "deployed"

    name = site.image()
    assert name in site.node.sh("ctr -n k8s.io images ls -q").split()
    [line] = [each for each in site.node.sh("ctr -n k8s.io images ls").splitlines() if each.startswith(name)]
    assert "linux/amd64" in line
    with registry(tmp_path) as place:
        assert site.deployed("plain", "v1", *also, "--registry", f"http://{place}") == "deployed"
        assert site.image() == f"{place}/plain@{name.rpartition(':')[2].replace('-', ':')}"
        index = json.loads(fetched(place, site.image()))
    assert [each["platform"]["architecture"] for each in index["manifests"]] == ["amd64", "arm64"]


def fetched(place: str, reference: str) -> str:
    """The manifest that a registry has."""
    digest = reference.partition("@")[2]
    accept = {"Accept": "application/vnd.oci.image.index.v1+json"}
    asked = urllib.request.Request(f"http://{place}/v2/plain/manifests/{digest}", headers=accept)
    with urllib.request.urlopen(asked) as answer:
        return str(answer.read().decode())


def second_node(site: ApiSite, *, ready: bool = True) -> Object:
    """One that does not answer on its ssh port."""
    [edge] = site.api.store.find("nodes", "")
    text = json.dumps(edge).replace('"edge"', '"off"').replace('"True"', json.dumps(str(ready)))
    return site.api.store.put("nodes", json.loads(text))


def test_a_node_that_is_there_and_takes_no_image_stops_it(site: ApiSite) -> None:
    second_node(site)
    text = site.refused("plain", "v1", "--node", "off=root@127.0.0.1:1")

    assert text.splitlines()[0] == (
        "the node 'off' can't be given the images: 'root@127.0.0.1:1' does not answer on its ssh port "
        "[unreachable]"
    )
    assert text.endswith(
        "  hint: the cluster says it is ready; is it off? leave it out: kubectl cordon off\n"
    )
    assert site.there() == []


def test_a_node_that_goes_meanwhile_is_passed_over(site: ApiSite) -> None:
    node = second_node(site)

    def leaves(body: bytes) -> None:
        if b"devtool-containers/release" in body and b"plain-check" not in body:
            node["status"]["conditions"][0]["status"] = "False"

    site.api.before = leaves
    done = site("plain", "--node", "off=root@127.0.0.1:1", "--format", "json", version="v1")

    assert done.status == 0, done.stderr
    assert done.json()[0]["result"] == "deployed"
    assert list(done.json()[0]["nodes"]) == ["edge"]  # type: ignore[call-overload]  # it is JSON
    text = "warning: the node off is not ready any more, and gets no images: deploy again when it is\n"
    assert text in done.stderr


SHOP = """\
containers:
  back: {image: plain, ports: [], env: {WHO: VERSION}}
  front: {image: plain, ports: [8091], needs: [back]}
"""


def test_an_undo_keeps_to_the_order_of_what_needs_what(site: ApiSite, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP.replace("VERSION", "one"))
    assert site.deployed(str(file), "v1", "--name", "shop") == "deployed"
    file.write_text(SHOP.replace("VERSION", "crash").replace("8091", "8092"))
    site.api.clock.fails = {"crash": "CrashLoopBackOff"}
    asked: list[str] = []

    def see(body: bytes) -> None:
        made = b'"kind":"Deployment"' in body and b"serviceAccountName" in body
        asked.append(json.loads(body)["metadata"]["name"] if made else "" if body else "look")

    site.api.before = see
    assert "the version before runs again" in site.refused(str(file), "v1", "--name", "shop")
    *_, back, front = (number for number, what in enumerate(asked) if what.startswith("shop-"))
    assert (asked[back], asked[front]) == ("shop-back", "shop-front")
    assert "look" in asked[back:front], "whether the first one is up was not asked"
