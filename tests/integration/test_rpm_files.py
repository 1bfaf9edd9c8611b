"""Random files of made packages: what is installed of them is what rpm unpacks.

RPM_SEEDS=0-100 tries more of them.
"""

import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from unit.helpers import root_only
from unit.rpmmaker import File, rpm
from unit.test_feeds_packages import Quiet

from sdk_hooks.core.feeds import feed, pool, solve, store
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.target import Platform

from .madedebs import MODES, PLACES, installed, of_directory, seeds

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/usr/bin/rpm").exists(), reason="rpm is not installed: apt-get install rpm"),
    root_only,
]
NAMES = [f"p{number:02}" for number in range(8)]
SHARED = b"the same in all packages that have it"


def files(chance: random.Random, name: str, modes: Mapping[str, int]) -> list[File]:
    """Some of them are other packages', too: directories of one mode, and files that are the same."""
    found = {"/usr/share/shared": File("/usr/share/shared", SHARED)} if chance.random() < 0.5 else {}
    for place in chance.sample(PLACES, chance.randrange(1, 4)):
        found[f"/{place}"] = File(f"/{place}", mode=0o040000 | modes[place])
        for number in range(chance.randrange(3)):
            path, mode = f"/{place}/{name}-{number}", 0o100000 | chance.choice((0o644, 0o755, 0o600, 0o4755))
            content = chance.randbytes(chance.choice((0, 1, 513)))
            inode = chance.randrange(1, 1000) if chance.random() < 0.3 else 0
            found[path] = File(path, content, mode, inode=inode)
            if inode:
                found[f"{path}-hard"] = File(f"{path}-hard", content, mode, inode=inode)
            if chance.random() < 0.3:
                link = chance.choice((path, "/nowhere"))
                found[f"{path}-link"] = File(f"{path}-link", b"", 0o120777, link)
    return [found[path] for path in sorted(found)]


@pytest.mark.parametrize("seed", seeds(os.environ.get("RPM_SEEDS", "0-12")))
@pytest.mark.parametrize("stripped", [False, True])
def test_files_are_what_rpm_unpacks(seed: int, stripped: bool, tmp_path: Path) -> None:
    """:param stripped: As rpm packs files of more than 4 GB."""
    chance = random.Random(seed)
    compression = chance.choice(("gzip", "xz", "bzip2", "none"))
    modes = {place: chance.choice(MODES) for place in PLACES}
    for name in NAMES:
        rpm(tmp_path / "feed", name, *files(chance, name, modes), compression=compression, stripped=stripped)
    formats = load().package_formats()
    found = pool.read([feed.Feed(str(tmp_path / "feed"))], formats, Platform("amd64"), pytest.fail)
    query = chance.sample(NAMES, chance.randrange(1, 5))
    have = store.bring(found, solve.solve(found, map(wanted, query)).packages, Quiet())  # type: ignore[arg-type]  # steps only
    root = tmp_path / "root"
    root.mkdir()
    paths = [found.index(each.package).location(each.package) for each in have]
    argv = ("rpm", "--force-debian", "--root", str(root), "--dbpath", "/var/lib/rpm", "-i", "--nosignature")
    done = subprocess.run((*argv, *paths), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert installed(have, formats["rpm"]) == of_directory(root, ["var", "dev"]), query
