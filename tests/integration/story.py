"""The one story that every stack and runtime goes through, on a real machine that really boots."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
from guests import Guest, Unavailable
from guests.host import require

from .place import wait
from .site import NAME, Site
from .tester import Cli, build_broken_example, build_example


@dataclasses.dataclass(frozen=True)
class Case:
    """A guest, and what is deployed there how."""

    guest: str
    stack: str
    """That is chosen, or asked for by *options*."""
    login: str = "root"
    options: tuple[str, ...] = ()
    words: str = ""
    """For the kernel's command line."""
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    triplet: str = ""
    prepared: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What each login types first."""


def images(cli: Cli, triplet: str) -> Path:
    """The directory of images for *triplet*, built when it is first asked for; it has v1, v2 and broken.

    :raises Unavailable: When there is no compiler for it.
    """
    place = cli.home / triplet
    if not (place / "broken").exists():
        if triplet:
            require(f"{triplet}-gcc")
            for version in ("v1", "v2"):
                build_example(cli, version, triplet)
        build_broken_example(cli, triplet)
    return place


def told(case: Case, cli: Cli) -> None:
    """One story, not ten tests: each part needs what the parts before it left, and a boot takes long."""
    try:
        store = images(cli, case.triplet)
        guest = Guest(case.guest, case.files, case.words)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with guest:
        site = Site(guest, cli, store, case.login, case.stack, case.options)
        try:
            for login, script in case.prepared.items():
                guest.sh(script, login, 300)
            scenario(site)
        except BaseException:
            print(guest.console())
            raise


def scenario(site: Site) -> None:
    before = site.left()
    comes_up(site)
    changes(site)
    tells(site)
    is_supervised(site)
    survives(site)
    goes(site)
    assert site.left() == before


def comes_up(site: Site) -> None:
    first, told = site.deployed("v1")
    assert (first["result"], first["stack"], first["sent"]["layers"]) == ("deployed", site.stack, 3), told
    assert "note:" not in told
    assert site.get() == "hello from a container, version 1\n"
    assert site.deployed("v1")[0]["result"] == "unchanged"


def changes(site: Site) -> None:
    """A delta is small, what is no good is taken back, and what was good before can be had again."""
    record, _ = site.deployed("v2")
    assert record["sent"]["layers"] == 1
    assert record["sent"]["wire"] < 40_000
    assert site.get() == "hello from a container, version 2\n"

    bad = site.deploy("broken")
    assert bad.status == 1
    assert f"error: 'hello-http' did not come up on '{site.alias}' [not-up]" in bad.stderr, bad.stderr
    assert "/etc/hello-http.conf: No such file or directory" in bad.stderr
    assert "what ran before runs again" in bad.stderr
    assert site.get() == "hello from a container, version 2\n"

    record, _ = site.deployed("v1", "--rollback")
    assert (record["result"], record["sent"]["layers"]) == ("rolled back", 0)
    assert site.get() == "hello from a container, version 1\n"


def tells(site: Site) -> None:
    (status,) = site.status()
    assert (status["state"], status["health"], status["stack"]) == ("running", "healthy", site.stack)
    assert site.logs().splitlines()[-1] == "hello-http 1 listens on port 8080"
    may = site.login == "root" or site.stack != "none"  # without an engine a user has no control group
    assert site.limited(32 << 20) == may


def is_supervised(site: Site) -> None:
    """Where podman has Quadlet systemd starts it, also again, and nothing that it said is lost."""
    if (site.guest.recipe.init, site.stack) != ("systemd", "podman"):
        return
    ctl = "systemctl" if site.login == "root" else "systemctl --user"
    show = f"{ctl} show -P ActiveState -P NRestarts container-{NAME}"
    head = f"export XDG_RUNTIME_DIR=/run/user/$(id -u)\n{show}\n"
    assert sorted(site.guest.sh(head, site.login).split()) == ["0", "active"]
    site.guest.sh("pkill -x hello-http")
    assert wait(lambda: sorted(site.guest.sh(head, site.login).split()) == ["1", "active"], 60)
    assert site.get() == "hello from a container, version 1\n"
    assert site.logs().splitlines()[-2:] == ["hello-http 1 listens on port 8080"] * 2


def survives(site: Site) -> None:
    site.guest.reboot()
    assert site.get(patience=300) == "hello from a container, version 1\n", "it starts again at boot"
    (status,) = site.status()
    assert (status["state"], status["health"]) == ("running", "healthy")
    assert site.deployed("v1")[0]["result"] == "unchanged"


def goes(site: Site) -> None:
    done = site.undeploy()
    assert done.status == 0, done.stderr
    assert site.silent()
    assert site.status() == []
