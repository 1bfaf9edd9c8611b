"""Random sets of made packages, resolved and installed here and by opkg.

OPKG is the path of an opkg, which Debian does not have; IPK_SEEDS=0-100 tries more of them.
"""

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
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package
from sdk_hooks.target import Platform

from .madedebs import installed, make, of_directory, questions, seeds

OPKG = os.environ.get("OPKG", "")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not OPKG,
        reason="OPKG is not set: build opkg (git.yoctoproject.org/opkg, or bitbake opkg-native), then OPKG=PATH",  # noqa: E501
    ),
    root_only,
]
SEEDS = seeds(os.environ.get("IPK_SEEDS", "0-12"))
ASKED = 6
CONF = """\
src made file://{feed}
arch all 1
arch noarch 2
dest root /
option lists_dir /var/lib/opkg/lists
option info_dir /var/lib/opkg/info
option status_file /var/lib/opkg/status
"""


class Opkg:
    """opkg with a root file system of its own, which has nothing yet."""

    def __init__(self, directory: Path, feed_of: Path) -> None:
        self.root, self.conf = directory / "root", directory / "opkg.conf"
        self.root.mkdir(parents=True)
        self.conf.write_text(CONF.format(feed=feed_of))

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = (OPKG, "-f", str(self.conf), "-o", str(self.root), *words)
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def install(self, words: Sequence[str], why: str = "") -> list[str] | None:
        """What is then installed, as `NAME VERSION`; None when it was not.

        :param why: Of what has to go well: what is said when it does not.
        """
        assert self("update").returncode == 0
        done = self("install", *words)
        assert not (why and done.returncode), f"{why}: {done.stdout}{done.stderr}"
        if done.returncode:
            return None
        return sorted(line.replace(" - ", " ") for line in self("list-installed").stdout.splitlines())


def ours(found: Pool, query: Sequence[str]) -> list[Package] | None:
    try:
        return solve.solve(found, map(wanted, query)).packages
    except SdkError as error:
        assert error.code == "unsatisfiable", error
        return None


def only(feed_of: Path, directory: Path, chosen: Sequence[Package]) -> None:
    """A feed in *directory* of the packages *chosen* out of another one.

    Of a package that is given by its file opkg does not see what it provides.
    """
    directory.mkdir()
    paths = {each.path for each in chosen}
    records = (feed_of / "Packages").read_text().rstrip().split("\n\n")
    kept = [text for text in records if re.search(r"^Filename: (.*)$", text, re.MULTILINE)[1] in paths]  # type: ignore[index]  # each has one
    (directory / "Packages").write_text("\n\n".join([*kept, ""]))
    for path in paths:
        (directory / path).symlink_to(feed_of / path)


def whole(found: Pool, names: Sequence[str]) -> bool:
    """Whether these packages, as `NAME VERSION`, have all that they need and can be beside each other."""
    packages = [each for name in names for each in found.named(name.split()[0]) if str(each) == name]
    clauses = [clause for each in packages for clause in each.depends]
    met = all(any(found.satisfies(p, each) for p in packages for each in clause) for clause in clauses)
    pairs = ((one, other) for one in packages for other in packages if one is not other)
    return met and not any(found.satisfies(other, each) for one, other in pairs for each in one.conflicts)


@pytest.fixture(scope="module")
def counted() -> list[bool]:
    """Of each set that opkg installs, whether it was ours."""
    return []


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_installed_is_what_opkg_installs(seed: int, tmp_path: Path, counted: list[bool]) -> None:
    """What opkg installs can be installed here; and what is chosen here opkg installs, file by file."""
    chance, feed_of = random.Random(seed), tmp_path / "feed"
    make(feed_of, chance, ".ipk")
    form = load().package_formats()["ipk"]
    found = pool.read([feed.Feed(str(feed_of), "ipk")], {"ipk": form}, Platform("amd64"), pytest.fail)
    for number, query in enumerate(questions(chance, ASKED)):
        theirs, chosen = Opkg(tmp_path / f"{number}", feed_of).install(query), ours(found, query)
        if chosen is None:  # opkg does not look whether what it has taken is of the version that is wanted
            assert theirs is None or not whole(found, theirs), query
            continue
        named = sorted(f"{each.name} {each.version}" for each in chosen)
        counted += [] if theirs is None else [theirs == named]
        only(feed_of, tmp_path / f"{number}-feed", chosen)
        exact = Opkg(tmp_path / f"{number}-exact", tmp_path / f"{number}-feed")
        have = store.bring(found, chosen, Quiet())  # type: ignore[arg-type]  # steps only
        assert exact.install([each.name for each in chosen], str(query)) == named, query
        assert installed(have, form) == of_directory(exact.root, ["var", "run", "etc/opkg"]), query


def test_nearly_all_of_them_are_the_same(counted: list[bool]) -> None:
    """opkg has another order of what provides the same, and at times takes more than one of it."""
    assert sum(counted) > 0.6 * len(counted) > 0
