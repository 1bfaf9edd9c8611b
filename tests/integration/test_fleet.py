"""Several targets at once: what fails on one does not stop the others, and the table says which."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .place import Place
from .tester import Done

pytestmark = pytest.mark.integration
At = Callable[[str], Place]


@pytest.fixture
def places(at: At) -> list[Place]:
    """podman, one that can't be reached, and crun."""
    return [at("podman"), at("bare"), at("crun")]


def command(places: list[Place], name: str, *words: str, options: tuple[str, ...] = ()) -> Done:
    """Run a command for all of them; their ssh_configs are put together into one."""
    cli = places[0].cli
    config = cli.home / "ssh_config"
    config.write_text("".join(Path(place.board.ssh_config).read_text() for place in places))
    targets = [place.board.alias for place in places]
    return cli(name, *words, *targets, "--ssh-config", str(config), *options)


def names(places: list[Place], text: str) -> str:
    for place, name in zip(places, ("FIRST", "SECOND", "THIRD"), strict=True):
        text = text.replace(place.board.alias, name).replace(place.board.address, name)
    return text


def test_one_of_three_is_off(places: list[Place]) -> None:
    first, second, third = places
    second.board.unplug_link()
    directory = ("-o", str(first.cli.home / "v1"))

    done = command(places, "container-deploy", "hello-http", options=directory)
    table = [line.split() for line in names(places, done.stdout).splitlines()]
    assert done.status == 1
    assert [row[:3] for row in table] == [
        ["TARGET", "RESULT", "STACK"],
        ["FIRST", "deployed", "podman"],
        ["SECOND", "failed", "[unreachable]"],
        ["THIRD", "deployed", "none"],
    ]
    assert names(places, done.stderr).partition("error: ")[2] == (
        "SECOND: 'SECOND' can't be reached [unreachable]\n"
        "  ssh: connect to host SECOND port 22: No route to host\n"
        "  hint: is it on, and on this network? try: ping SECOND\n"
    )
    assert first.get() == third.get() == "hello from a container, version 1\n"

    again = command(places, "container-deploy", "hello-http", options=(*directory, "--format", "json"))
    assert again.status == 1
    name = second.board.alias
    assert again.json()[1] == {
        "target": name,
        "result": "failed",
        "code": "unreachable",
        "error": f"'{name}' can't be reached",
    }
    assert [record["result"] for record in again.json()] == ["unchanged", "failed", "unchanged"]

    second.board.restore_link()
    gone = command(places, "container-undeploy", "hello-http")
    assert gone.status == 1
    assert [line.split()[1:] for line in names(places, gone.stdout).splitlines()] == [
        ["RESULT"],
        ["removed"],
        ["failed", "[not-deployed]"],
        ["removed"],
    ]
    assert first.silent() and third.silent()


def test_three_of_three(at: At) -> None:
    places = [at("podman"), at("docker"), at("crun")]
    done = command(places, "container-deploy", "hello-http", options=("-o", str(places[0].cli.home / "v2")))

    assert done.status == 0
    assert {place.get() for place in places} == {"hello from a container, version 2\n"}
