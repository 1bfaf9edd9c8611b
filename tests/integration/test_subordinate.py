"""An ordinary user's podman has the users of its containers from /etc/subuid: too few are told before."""

from collections.abc import Callable, Iterator

import pytest

from .place import Place
from .tester import SPEC

pytestmark = pytest.mark.integration
MIGRATE = "podman system migrate"


@pytest.fixture
def poor(at: Callable[[str], Place]) -> Iterator[Place]:
    """A login that was given no subordinate IDs."""
    place = at("podman-user")
    place.board.run(("sh", "-c", ": >/etc/subuid; : >/etc/subgid"))
    place.sh(MIGRATE)
    yield place
    place.board.run(("sh", "-c", "for f in subuid subgid; do echo user:100000:65536 >/etc/$f; done"))
    place.clean()
    place.sh(MIGRATE)


def test_a_user_that_it_has_not_is_refused_with_what_to_type(poor: Place) -> None:
    with poor.metered() as link:
        done = poor.deploy("plain")

    assert (done.status, link.received < 20_000) == (1, True)
    add = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535"
    assert poor.normal(done.stderr) == (
        "error: podman of an ordinary user of 'BOARD' can't let 'plain' run as 65532:65532 [no-ids]\n"
        "  its containers have no user and no group but root:"
        " what /etc/subuid and /etc/subgid give this login\n"
        f'  hint: as root there: {add} "$(id -un 1000)"; then as that user: {MIGRATE}; or log in as root\n'
    )
    assert poor.board.run(("sh", "-c", f'{add} "$(id -un 1000)"')).returncode == 0
    poor.sh(MIGRATE)
    poor.deployed("plain")
    assert poor.facts()["uid"] == "65532"


def test_root_in_the_container_needs_none(poor: Place) -> None:
    tree, spec = poor.cli.home / "tester-tree-v1", poor.cli.home / "rooted.yaml"
    spec.write_text(f"{SPEC}user: root\n")
    poor.cli.build("rooted", "--from", str(tree), "-f", str(spec), "-o", str(poor.cli.home / "v1"))
    poor.deployed("rooted")

    assert poor.facts()["uid"] == "0"


def test_the_program_that_gives_them_has_to_be_there(at: Callable[[str], Place]) -> None:
    place = at("podman-user")
    place.board.run(("mv", "/usr/bin/newuidmap", "/usr/bin/newuidmap.away"))
    try:
        done = place.deploy("plain")
    finally:
        place.board.run(("mv", "/usr/bin/newuidmap.away", "/usr/bin/newuidmap"))

    assert place.normal(done.stderr) == (
        "error: podman on 'BOARD' does not answer [engine-not-running]\n"
        "  it needs newuidmap to give its containers the IDs of /etc/subuid: install it (uidmap, shadow)\n"
        "  hint: start it there, or log in as a user who may use it\n"
    )
