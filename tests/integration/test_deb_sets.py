"""Random sets of packages, resolved and installed here and by apt and dpkg: made ones, and Debian's own.

DEB_SEEDS=0-100 tries more of them.
"""

import contextlib
import os
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from unit.helpers import root_only
from unit.test_feeds_packages import Quiet

from sdk_hooks.core.feeds import feed, pool, solve, store
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.reftarget import packages
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from .madedebs import installed, make, of_directory, questions, seeds
from .test_feeds import PLATFORM, apt, lists

__all__ = ["apt"]

pytestmark = pytest.mark.integration
SEEDS = seeds(os.environ.get("DEB_SEEDS", "0-12"))
ASKED = 10
"""Sets of each made feed."""
Set = list[str]
_NO = "unmet dependencies|no installation candidate|broken packages|Version .* was not found|Unable to locate"


class NoOrderError(Exception):
    """apt has chosen packages, and finds no order to install them in: they need each other before."""


def of_apt(made: packages.Apt, words: Sequence[str]) -> Set | None:
    """What apt would install, as `NAME VERSION`; None when it says that it can't."""
    argv = ("apt-get", "-c", str(made.directory / "apt.conf"), "-s", "--no-install-recommends", "install")
    done = subprocess.run((*argv, *words), capture_output=True, text=True, check=False)
    if re.search(r"MaxLoopCount|Could(n't| not) (configure|unpack)|Conf Broken", done.stderr):
        raise NoOrderError(done.stderr)
    if done.returncode:
        assert re.search(_NO, done.stdout + done.stderr), done.stderr
        return None
    found = re.findall(r"^Inst (\S+) \((\S+)", done.stdout, re.MULTILINE)
    return sorted(f"{name.partition(':')[0]} {version}" for name, version in found)


def ours(found: Pool, query: Sequence[str]) -> Set | None:
    try:
        return sorted(f"{p.name} {p.version}" for p in solve.solve(found, map(wanted, query)).packages)
    except SdkError as error:
        assert error.code == "unsatisfiable", error
        return None


def exact(chosen: Set) -> list[str]:
    return [each.replace(" ", "=") for each in chosen]


@pytest.fixture(scope="module")
def counted() -> list[bool]:
    """Of each set that apt installs, whether it was ours."""
    return []


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_installed_is_what_apt_installs(seed: int, tmp_path: Path, counted: list[bool]) -> None:
    """What apt installs can be installed here; and what is chosen here apt installs, told the versions."""
    chance = random.Random(seed)
    feed_of = tmp_path / "feed"
    make(feed_of, chance)
    made = packages.Apt(tmp_path / "apt", "amd64", {"sources.list": f"deb [trusted=yes] file:{feed_of} ./\n"})
    made.update()
    found = pool.read([feed.Feed(str(feed_of))], load().package_formats(), Platform("amd64"), pytest.fail)
    for query in questions(chance, ASKED):
        chosen = ours(found, query)
        try:
            theirs = of_apt(made, query)
        except NoOrderError:
            continue
        assert theirs is None or chosen is not None, query
        if theirs is not None:
            counted.append(theirs == chosen)
        if chosen is not None and theirs != chosen:
            with contextlib.suppress(NoOrderError):
                assert of_apt(made, exact(chosen)) == chosen, query


def test_nearly_all_of_them_are_the_same(counted: list[bool]) -> None:
    """Of several packages that provide the same apt takes one by its cache; here it is by name."""
    assert sum(counted) > 0.8 * len(counted) > 0


@root_only
@pytest.mark.parametrize("seed", SEEDS)
def test_files_are_what_dpkg_unpacks(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    make(tmp_path / "feed", chance)
    formats = load().package_formats()
    found = pool.read([feed.Feed(str(tmp_path / "feed"))], formats, Platform("amd64"), pytest.fail)
    done = 0
    for number, query in enumerate(questions(chance, ASKED)):
        if ours(found, query) is None or done == 3:
            continue
        done += 1
        have = store.bring(found, solve.solve(found, map(wanted, query)).packages, Quiet())  # type: ignore[arg-type]  # steps only
        root = tmp_path / f"root{number}"
        (root / "var/lib/dpkg/updates").mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        debs = [found.index(each.package).location(each.package) for each in have]
        argv = (
            "dpkg",
            f"--root={root}",
            "--force-unsafe-io",
            "--log=/dev/null",
            "--force-depends",
            "--unpack",
            *debs,
        )
        unpacked = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert unpacked.returncode == 0, unpacked.stderr
        assert installed(have, formats["deb"]) == of_directory(root, ["var"]), query
    assert done


@pytest.fixture(scope="module")
def debian(apt: packages.Apt) -> Pool:
    return pool.read(lists(apt), load().package_formats(), PLATFORM, pytest.fail)


@pytest.fixture(scope="module")
def names(debian: Pool) -> list[str]:
    """Of Debian's packages for this machine."""
    found = (re.findall(rb"^Package: (.+)$", index.text, re.MULTILINE) for index in debian.indexes)
    return sorted({name.decode() for each in found for name in each})


@pytest.fixture(scope="module")
def same() -> list[bool]:
    """Of each set of Debian's packages, whether it was apt's."""
    return []


@pytest.mark.parametrize("seed", SEEDS[::2])  # apt takes seconds for each
def test_sets_of_debian_can_be_installed_by_apt(
    apt: packages.Apt, debian: Pool, names: list[str], seed: int, same: list[bool]
) -> None:
    chance = random.Random(seed)
    query = [*chance.sample(names, chance.choice((1, 1, 2, 3, 4))), "usr-is-merged"]
    theirs, chosen = of_apt(apt, query), ours(debian, query)
    same.append(theirs == chosen)

    assert theirs is None or chosen is not None, query
    if theirs != chosen and chosen is not None:
        assert of_apt(apt, exact(chosen)) == chosen, query


def test_nearly_all_sets_of_debian_are_those_of_apt(same: list[bool]) -> None:
    """Which browser is installed for a package that needs any is the order of apt's cache."""
    assert sum(same) > 0.8 * len(same) > 0
