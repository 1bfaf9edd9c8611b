"""The same inputs give the same digest: wherever, whenever and by whomever the image is built."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .elfmaker import elf
from .helpers import make, root_only, write


def _for_all() -> bool:
    """Whether any user can get to this checkout and its Python."""
    places = [Path(__file__).resolve(), Path(sys.executable).resolve()]
    return all(parent.stat().st_mode & 0o001 for place in places for parent in place.parents)


BUILD = """
import sys, pathlib
from sdk_hooks.core import build
from sdk_hooks.core.files import tree
from sdk_hooks.core.spec import read
top = pathlib.Path(sys.argv[1])
spec = read.load(top / "container.yaml")
source = tree.read(f"{top}/tree", f"{top}/sysroot", spec.include or ())
print(build.build("web", source, spec, top / "out", 1302044400).image.digest)
"""
SPEC = """
entrypoint: /usr/bin/web
env: {B: 2, A: 1}
labels: {z: z, a: a}
volumes: [data:/var/lib/web]
files: [{target: /etc/web.conf, source: web.conf}]
include: [/usr/share/zone]
"""


@pytest.fixture(scope="module")
def usual() -> Iterator[str]:
    """What everybody's is compared with: made in a directory `a`, with nothing special around it."""
    with tempfile.TemporaryDirectory() as text:
        yield digest(_fill(Path(text) / "a", random.Random(0)))


@pytest.fixture
def workplace() -> Iterator[Callable[..., Path]]:
    """Makes directories with the same input that anybody may enter; their names differ in length."""
    with tempfile.TemporaryDirectory() as text:
        os.chmod(text, 0o755)

        def place(name: str, umask: int = 0o022, seed: int = 0) -> Path:
            before = os.umask(umask)
            try:
                return _fill(Path(text) / name, random.Random(seed))
            finally:
                os.umask(before)

        yield place


def _fill(top: Path, dice: random.Random) -> Path:
    """An application that needs a library and data, made in an order that *dice* chooses."""
    files = {f"etc/app/{number}.conf": f"conf {number}" for number in range(20)}
    files |= {"usr/share/a/b/c": "c", "usr/lib/liblink.so": "-> libown.so.1", "é/ü": "x"}
    names = list(files)
    dice.shuffle(names)
    for name in names:
        write(top / "tree", {name: files[name]})
        if not (top / "tree" / name).is_symlink():
            (top / "tree" / name).chmod(0o666 & ~_umask())
    elf(top / "tree/usr/bin/web", needed=["libown.so.1"]).chmod(0o777 & ~_umask())
    os.link(top / "tree/usr/share/a/b/c", top / "tree/usr/share/a/hard")
    elf(top / "sysroot/usr/lib/libown.so.1")
    write(top, {"sysroot/usr/share/zone/UTC": "UTC", "container.yaml": SPEC, "web.conf": "own"})
    return top


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def digest(top: Path, *before: str, **environment: str) -> str:
    shutil.rmtree(top / "out", ignore_errors=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(top), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    argv = [*before, sys.executable, "-c", BUILD, str(top)]
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        argv, check=True, capture_output=True, text=True, env={**env, "PYTHONPATH": str(root)}
    )
    return done.stdout


def test_two_directories_two_orders_and_two_times(workplace: Callable[..., Path], usual: str) -> None:
    two = workplace("a-longer-name", seed=7)
    for number, (folder, _, names) in enumerate(os.walk(two)):
        for name in (".", *names):
            os.utime(os.path.join(folder, name), (2e9 + number, 2e9), follow_symlinks=False)

    assert digest(two) == usual


@pytest.mark.parametrize("umask", [0o002, 0o027, 0o077], ids=oct)
def test_two_umasks(workplace: Callable[..., Path], usual: str, umask: int) -> None:
    assert digest(workplace("b", umask)) == usual


def test_two_places_of_the_world_and_two_seeds_of_hashes(workplace: Callable[..., Path]) -> None:
    one, two = workplace("a"), workplace("b")

    first = digest(one, TZ="Asia/Kolkata", LANG="de_DE.UTF-8", PYTHONHASHSEED="1")
    second = digest(two, TZ="America/Bogota", LC_ALL="C", PYTHONHASHSEED="2")

    assert first == second


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
@pytest.mark.skipif(not _for_all(), reason="other users can't read this checkout: clone it to /tmp")
def test_two_users(workplace: Callable[..., Path], usual: str) -> None:
    two = workplace("b")
    for folder, _, names in os.walk(two):
        for name in (".", *names):
            os.chown(os.path.join(folder, name), 4711, 4712, follow_symlinks=False)
    become = ("setpriv", "--reuid=4711", "--regid=4712", "--clear-groups")
    if subprocess.run([*become, sys.executable, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip("another user can't run this Python")

    assert digest(two, *become) == usual


def test_a_rebuild_and_a_build_from_nothing(workplace: Callable[..., Path]) -> None:
    top = workplace("a")
    first = digest(top)
    (top / "tree/etc/app/1.conf").write_text("changed")
    changed = digest(top)
    (top / "tree/etc/app/1.conf").write_text("conf 1")

    assert first != changed
    assert digest(top) == first


def test_the_digest_of_one_image_stays_the_same_from_version_to_version(tmp_path: Path) -> None:
    """A change here means that every image of every user is sent again: is it worth that?"""
    digest = "sha256:82dd441fbc437f17f248910e6e77b0192ab4f83b7bdd24e55feb4aa9072c8db2"
    assert make(tmp_path / "x").image.digest == digest
