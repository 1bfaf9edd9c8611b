"""Builds a workspace recipe with BitBake, and the root file system of what it needs at run time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass

from sdk_hooks.core import disk
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.sdk.bitbake import Bitbake, unknown
from sdk_hooks.core.sdk.packages import Packages, Variables, closure, gone
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

_TASKS = ("do_install", "do_package", "do_packagedata", "do_package_qa")
"""Of the recipe under edit. Were the last alone asked for, and in the shared state, the others
would not run. Each is: D is never in the shared state, and packages-split comes with do_package's."""


def build(bitbake: Bitbake, recipe: Variables, image: Variables, progress: Progress) -> Source:
    """Build, and give the files: dependencies as real packages install them, the recipe's own on top.

    After an edit only the recipe's own tasks run; the root file system is made again when a dependency,
    a user, a script of a package or the list of its files has changed.

    :param recipe: Variables of the recipe under edit.
    :param image: Variables of the image recipe that installs it.
    """
    _check_class(recipe)
    memory = Memory(image["IMAGE_ROOTFS"])
    known = memory.read()
    if known:
        progress.step(f"building {recipe['PN']}")
        made = _again(bitbake, recipe, known)
        if made and made.fingerprint == known.fingerprint:
            progress.step("dependencies are unchanged: only the top layer is made again")
            return _source(made, image, progress)
    progress.step(f"building {recipe['PN']}, and installing it with what it needs into a root file system")
    memory.forget()
    _root_file_system(bitbake, recipe, image)
    made = Packages.read(recipe)
    memory.write(Known(made.fingerprint, made.recipes))
    return _source(made, image, progress)


def _source(made: Packages, image: Variables, progress: Progress) -> Source:
    source = made.source(image)
    for package in made.deferred:
        progress.step(
            f"warning: the postinst of {package} waits for a device's first boot: it never runs here"
        )
    return source


def _again(bitbake: Bitbake, recipe: Variables, known: Known) -> Packages | None:
    """Run the recipe's tasks and its dependencies', which may be under edit too; None when one is gone."""
    try:
        bitbake.run(*_tasks(recipe["PN"]), *(f"{name}:do_packagedata" for name in known.recipes))
    except SdkError as error:
        if unknown(error) in known.recipes:
            return None
        raise
    packages, missing = closure(recipe)
    return None if missing else Packages(recipe, packages)


def _root_file_system(bitbake: Bitbake, recipe: Variables, image: Variables) -> None:
    rootfs = image["IMAGE_ROOTFS"]
    if os.path.isdir(os.path.dirname(rootfs)) and not os.path.isdir(rootfs):
        bitbake.run("-c", "clean", image["PN"])  # the stamp says that it is there, rm_work that it is not
    try:
        bitbake.run(*_tasks(recipe["PN"]), f"{image['PN']}:do_rootfs")
    except SdkError as error:
        if _installing(error):
            Packages.read(recipe)  # says in our words which package is missing, when that was it
        raise
    if not os.path.isdir(rootfs):
        raise gone(rootfs, image)


def _installing(error: SdkError) -> bool:
    """Whether the recipe's own tasks went well: its pkgdata is of this build."""
    missing = error.code == "missing-dependency" and "PROVIDES '" not in error.detail
    return missing or " do_rootfs: " in error.detail


def _tasks(name: str) -> list[str]:
    return [f"{name}:{task}" for task in _TASKS]


def _check_class(recipe: Variables) -> None:
    if recipe["CLASSOVERRIDE"] != "class-target":
        raise SdkError(
            f"the recipe {recipe['PN']!r} is for the build machine, not for the target",
            hint="build the container of a recipe for the target",
            code="not-for-target",
        )


@dataclass(frozen=True)
class Known:
    """What a root file system was made of."""

    fingerprint: str
    recipes: tuple[str, ...]
    """Those of the dependencies."""


class Memory:
    """Remembers what a root file system was made of; forgets when it is gone or made anew."""

    def __init__(self, rootfs: str) -> None:
        self.rootfs = rootfs
        name = hashlib.sha256(os.fsencode(rootfs)).hexdigest()[:32]
        self.path = cache_directory() / "rootfs" / f"{name}.json"

    def read(self) -> Known | None:
        try:
            found = json.loads(self.path.read_bytes())
            known = Known(str(found["fingerprint"]), tuple(map(str, found["recipes"])))
            return known if found["stamp"] == self._stamp() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, known: Known) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(self.path, disk.to_json({**asdict(known), "stamp": self._stamp()}))
        except OSError:
            pass  # a read-only home, or no home: made again each time

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _stamp(self) -> list[int]:
        status = os.stat(self.rootfs)
        return [status.st_ino, status.st_mtime_ns]  # a new one may get the old inode
