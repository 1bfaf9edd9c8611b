"""Which packages are installed out of made repositories of all kinds of relations: those that dnf installs.

RPM_SEEDS=0-100 tries more of them.
"""

import json
import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from unit.rpmmaker import File, rpm

from sdk_hooks.core.feeds import feed, pool, solve
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from .rpmsite import createrepo

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/usr/bin/dnf").exists(), reason="dnf is not installed: apt-get install dnf"),
]
PYTHON = "/usr/bin/python3"
"""The distribution's, which has dnf."""
FIRST, LAST = map(int, os.environ.get("RPM_SEEDS", "0-12").split("-"))
VERSIONS = ("1.0", "1.5", "2.0~rc1", "2.0", "2.0^git")
NAMES = [f"p{number:02}" for number in range(30)]
Chance = random.Random


def relation(chance: Chance) -> str:
    """What a package may need."""
    one, other = chance.choice(NAMES), chance.choice(NAMES)
    operator, version = chance.choice((">=", "<=", "=", "<", ">")), chance.choice(VERSIONS)
    rich = (f"({one} or {other})", f"({one} or {other})", f"({one} if {other})", f"({one} and {other})",
            f"({one} if {other} else v1)", f"({one} >= 1.5 with {one} < 2.0)", f"({one} unless {other})",
            f"({one} unless {other} else v2)", f"(v{chance.randrange(6)} without {other})")  # fmt: skip
    virtual = f"v{chance.randrange(6)}{chance.choice(('', '', ' >= 2'))}"
    kinds = (
        one,
        f"{one} {operator} {version}",
        virtual,
        f"/usr/share/f{chance.randrange(4)}",
        chance.choice(rich),
    )
    return chance.choices(kinds, (35, 15, 25, 10, 15))[0]


def make(directory: Path, chance: Chance) -> None:
    """Some fifty packages."""
    for name in NAMES:
        for version in chance.sample(VERSIONS, chance.choice((1, 1, 1, 2, 3))):
            relations: dict[str, list[str]] = {"provides": [], "conflicts": [], "obsoletes": []}
            relations["requires"] = [relation(chance) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))]
            if chance.random() < 0.35:
                relations["provides"].append(
                    f"v{chance.randrange(6)}{chance.choice(('', ' = 1', ' = 2', ' = 3'))}"
                )
            if chance.random() < 0.1:
                other = chance.choice(NAMES)
                relations["conflicts"].append(
                    chance.choice(
                        (
                            other,
                            f"{other} < 2.0",
                            f"v{chance.randrange(6)}",
                            f"({other} and {chance.choice(NAMES)})",
                            f"({other} unless {chance.choice(NAMES)})",
                            f"(v{chance.randrange(6)} without {other})",
                        )
                    )
                )
            if chance.random() < 0.05 and (other := chance.choice(NAMES)) != name:
                relations["obsoletes"].append(f"{other} < 2.0")
                relations["provides"].append(f"{other} = 2.0")
            files = [File(f"/usr/share/f{chance.randrange(4)}", b"x")] if chance.random() < 0.2 else []
            rpm(directory, name, *files, version=version, **relations)


def of_dnf(repository: Path, queries: Sequence[Sequence[str]]) -> list[list[str] | str]:
    argv = (PYTHON, str(Path(__file__).with_name("dnf_answers.py")), str(repository))
    asked = json.dumps(queries)
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True)
    found: list[list[str] | str] = json.loads(done.stdout)
    return found


def ours(found: Pool, query: Sequence[str]) -> list[str] | str:
    try:
        return sorted(map(str, solve.solve(found, map(wanted, query)).packages))
    except SdkError as error:
        assert error.code == "unsatisfiable", error
        return str(error)


@pytest.fixture(scope="module")
def counted() -> list[bool]:
    """Of each set that could be installed, whether it was dnf's."""
    return []


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_what_is_installed_is_what_dnf_installs(seed: int, tmp_path: Path, counted: list[bool]) -> None:
    """What dnf can't install can't be here, and the other way round; and what is chosen dnf can install."""
    chance = random.Random(seed)
    make(tmp_path, chance)
    createrepo(tmp_path)
    queries = [chance.sample(NAMES, chance.choice((1, 1, 2, 3))) for _ in range(30)]
    theirs = of_dnf(tmp_path, queries)
    found = pool.read([feed.Feed(str(tmp_path))], load().package_formats(), Platform("amd64"), pytest.fail)
    sets = [ours(found, query) for query in queries]

    pairs = list(zip(queries, sets, theirs, strict=True))
    assert [query for query, a, b in pairs if isinstance(a, str) != isinstance(b, str)] == []
    counted += [a == b for _, a, b in pairs if not isinstance(a, str)]
    others = [a for _, a, b in pairs if a != b and not isinstance(a, str)]
    exact = [[f"{text.replace(' ', '-')}.noarch" for text in packages] for packages in others]
    assert of_dnf(tmp_path, exact) == others


def test_nearly_all_are_the_same(counted: list[bool]) -> None:
    """dnf learns from what did not go: in a few of these sets it has then come to another choice."""
    assert sum(counted) > 0.9 * len(counted) > 0
