"""The microservices of recipes-examples: their README typed at a board, their page in a browser."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab import NamespaceTarget

from . import browser
from .conftest import found
from .place import Place, wait
from .tester import COMMAND, REPOSITORY, Cli, Done

pytestmark = pytest.mark.integration
README = REPOSITORY / "recipes-examples/recipes-microservices/README.md"
SHOWN = (
    "return [...document.querySelectorAll('section')].map((one) => [one.dataset.sensor, one.dataset.time])"
)


@dataclass
class Shell:
    """Types what the README says, at a board in place of the README's."""

    place: Place
    directory: Path

    def __call__(self, line: str) -> Done:
        if line.startswith("cd "):
            self.directory /= line[3:]
            return Done(0, "", "")
        target = f"{self.place.alias} --ssh-config {self.place.board.ssh_config}"
        environment = self.place.cli.environment
        typed = line.replace("root@192.168.7.2", target).replace("recipes-examples/", f"{README.parents[1]}/")
        done = subprocess.run(
            ("sh", "-c", typed),
            cwd=self.directory,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=240,
            env={**environment, "PATH": f"{COMMAND.parent}:{environment['PATH']}"},
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return Done(done.returncode, done.stdout, done.stderr)


def lines() -> list[list[str]]:
    """The commands until the application is tested, and those of the version that is a bad one."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in blocks]


@pytest.fixture(scope="module")
def shell(
    cli: Cli, start_board: Callable[[str], NamespaceTarget], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """All four services, deployed to a board with podman."""
    place = found("podman", cli, start_board)
    place.clean()
    made = Shell(place, tmp_path_factory.mktemp("microservices"))
    told = [made(line) for line in lines()[0]]
    assert "6 tests on " in told[-1].stdout
    assert ", 0 failed" in told[-1].stdout
    yield made
    place.clean()


def test_the_page_shows_readings_that_change(shell: Shell) -> None:
    if not browser.found():
        pytest.skip("chromium is not installed: apt-get install chromium chromium-driver")
    with browser.browser() as window:
        window.call("POST", "url", {"url": f"http://{shell.place.board.address}:8080/"})
        [[sensor, before]] = wait(lambda: window.js(SHOWN))
        assert wait(lambda: window.js(SHOWN) != [[sensor, before]])
        assert sensor == "kitchen"
        assert window.text("#state") == "live"
        assert re.fullmatch(r"-?\d+\.\d\d", window.text("output"))
        assert wait(lambda: window.text("#version")) == "1"
        assert window.complaints() == []


def test_what_each_may_do(shell: Shell) -> None:
    """Nobody is root or writes where it should not; the settings of the broker are not in its image."""
    for name in ("broker", "sensor", "store", "page"):
        form = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}"
        said = shell.place.sh(f"podman inspect -f '{form}' readings-{name}")
        assert said.split() == ["65532:65532", "true"], name
    form = "{{range .Mounts}}{{.Destination}} {{.RW}} {{end}}"
    mounted = shell.place.sh(f"podman inspect -f '{form}' readings-broker")
    assert mounted.strip() == "/etc/mosquitto/readings.conf false"


def test_a_bad_version_comes_back_and_all_goes_away(shell: Shell) -> None:
    *typed, undeploy = lines()[1]
    told = [shell(line) for line in typed]

    assert "'readings' did not come up on" in told[-1].stderr
    assert "page is not healthy" in told[-1].stderr
    assert "what ran before runs again" in told[-1].stderr
    assert shell.place.state("readings")["health"] == "healthy"
    now = int(time.time())
    assert wait(lambda: newest(shell.place) > now), "and the readings go on"
    assert shell.place.get(8080, "/version") == "1"
    shell(undeploy)
    assert shell.place.silent(8080)
    assert shell.place.images() == []


def newest(place: Place) -> int:
    return int(re.findall(r'"time":(\d+)', place.get(8080, "/readings"))[-1])
