"""Talks to the SDK that devtool runs in; only this and `devtool_plugins.entry` import bb, oe or devtool."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import escape as glob_escape
from glob import glob
from pathlib import Path
from typing import Any

from sdk_hooks.core import disk
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.sdk import feeds
from sdk_hooks.core.sdk.bitbake import Bitbake
from sdk_hooks.core.sdk.build import build
from sdk_hooks.core.sdk.packages import Variables
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

_READ = (
    "PN", "D", "PKGDEST", "PKGDATA_DIR", "STAMPS_DIR", "TARGET_ARCH", "TUNE_FEATURES",
    "FAKEROOTCMD", "FAKEROOTENV", "PATH", "IMAGE_ROOTFS", "IMAGE_PKGTYPE", "CLASSOVERRIDE",
    "BBLAYERS", "DEPLOY_DIR_DEB", "DEPLOY_DIR_IPK", "DEPLOY_DIR_RPM",
)  # fmt: skip
_CONFIGURED = ("DEPLOY_DIR_IMAGE", "PKGDATA_DIR", *feeds.VARIABLES)


@dataclass(frozen=True)
class Recipe:
    """A workspace recipe, built: its files and what it says about its image."""

    source: Source
    variables: Mapping[str, str]
    """OCI_IMAGE_* and OCI_BASE_IMAGE, as the recipe sets them."""
    layers: tuple[str, ...] = ()
    """BitBake's, as directories."""
    packages: str = ""
    """The directory that files of packages are put into."""


class Sdk:
    """The SDK, as devtool's commands are given it.

    :param config: devtool's configuration.
    :param basepath: Of the SDK, or of the build directory.
    :param workspace: Recipes of the workspace by name.
    """

    def __init__(self, config: Any, basepath: str, workspace: Mapping[str, Any]) -> None:
        self.config, self.basepath, self.workspace = config, basepath, workspace

    def images(self) -> Path:
        """DEPLOY_DIR_IMAGE."""
        return Path(self._configured()["DEPLOY_DIR_IMAGE"])

    def feeds(self) -> tuple[Feed, ...]:
        """Where the SDK has packages: in its deploy directory, and at PACKAGE_FEED_URIS.

        :raises SdkError: When it has none.
        """
        return feeds.of_sdk(self._configured())

    def pkgdata(self) -> str:
        """PKGDATA_DIR."""
        return self._configured()["PKGDATA_DIR"]

    def _configured(self) -> Variables:
        """Variables of the configuration; asking BitBake takes a second, so the answer is remembered."""
        try:
            key, known = json.loads(self._memory.read_bytes())
            if key == self._configuration() and set(known) == set(_CONFIGURED):
                return dict(known)
        except (OSError, ValueError, TypeError):
            pass  # not asked yet
        with self._tinfoil(config_only=True) as tinfoil:
            found = {name: tinfoil.config_data.getVar(name) or "" for name in _CONFIGURED}
        self._remember(found)
        return found

    @property
    def extensible(self) -> bool:
        """Whether it is an installed SDK, not a build directory."""
        return (Path(self.basepath) / ".devtoolbase").exists()

    def configured(self, *names: str) -> Variables:
        """What BitBake's configuration says of variables."""
        with self._tinfoil(config_only=True) as tinfoil:
            return {name: tinfoil.config_data.getVar(name) or "" for name in names}

    def bitbake(self, progress: Progress) -> Bitbake:
        """BitBake, by the configuration that is there now: an update may just have replaced it."""
        return Bitbake(devtool_setting(Path(self.basepath), "init_path"), self.basepath, progress)

    @property
    def _memory(self) -> Path:
        name = hashlib.sha256(os.fsencode(self.basepath)).hexdigest()[:32]
        return cache_directory() / "deploy" / f"{name}.json"

    def _remember(self, found: Variables) -> None:
        with contextlib.suppress(OSError):  # a read-only home: asked again next time
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(self._memory, disk.to_json([self._configuration(), found]))

    def _configuration(self) -> str:
        """Changes when another MACHINE or TMPDIR may have been set."""
        files = sorted(glob(f"{glob_escape(self.basepath)}/conf/*.conf"))
        stamps = [f"{path} {os.stat(path).st_mtime_ns}" for path in files]
        return " ".join([os.environ.get("MACHINE", ""), *stamps])

    def source_tree(self, name: str) -> Path:
        """Where the sources of the workspace recipe *name* are edited.

        :raises SdkError: When the workspace has no such recipe.
        """
        if name not in self.workspace:
            raise SdkError(
                f"no recipe named {name!r} is in your workspace",
                detail=f"it has: {', '.join(sorted(self.workspace)) or 'none'}",
                hint=f"put it there: devtool modify {name}, or devtool add {name} SOURCE",
                code="no-recipe",
            )
        tree = str(self.workspace[name]["srctree"])
        if " " in tree:  # pseudo's environment is a list of words: do_install never ends
            raise SdkError(
                f"the sources of {name!r} are at a path with a blank, where BitBake can't work",
                detail=tree,
                hint=f"move them: devtool reset --no-clean {name}, then devtool modify {name} PATH",
                code="blank-in-path",
            )
        return Path(tree)

    def read(self, name: str, progress: Progress) -> Recipe:
        """Build the workspace recipe *name* and read its files with what they need at run time.

        :raises SdkError: When it can't be built, or needs something that does not exist.
        """
        image = self._image_recipe(name)
        progress.step(f"reading the recipe {name}")
        with self._tinfoil(config_only=False) as tinfoil:
            recipe, said = self._variables(tinfoil, name)
            rootfs, _ = self._variables(tinfoil, image)
        self._remember({name: recipe[name] for name in _CONFIGURED})
        bitbake = Bitbake(self.config.init_path, self.basepath, progress)
        source = build(bitbake, recipe, rootfs, progress)
        packages = rootfs.get(f"DEPLOY_DIR_{rootfs['IMAGE_PKGTYPE'].upper()}", "")
        return Recipe(source, said, tuple(rootfs["BBLAYERS"].split()), packages)

    def _image_recipe(self, name: str) -> str:
        """Write the image recipe that installs *name*; gives its name."""
        from importlib.resources import files

        image = f"container-{name}"
        directory = Path(self.config.workspace_path) / "recipes" / image
        text = files("sdk_hooks.core.sdk").joinpath("image.bb.in").read_text().replace("@PN@", name)
        path = directory / f"{image}.bb"
        if not path.exists() or path.read_text() != text:
            with disk.writing(directory):
                directory.mkdir(parents=True, exist_ok=True)
                disk.replace(path, text.encode())
        return image

    def _variables(self, tinfoil: Any, name: str) -> tuple[Variables, dict[str, str]]:
        from devtool import parse_recipe

        data = parse_recipe(self.config, tinfoil, name, appends=True, filter_workspace=False)
        if not data:
            what = f"BitBake can't read the recipe {name!r}"
            raise SdkError(what, hint="its message is above", code="bad-recipe")
        said = [key for key in data.keys() if key.startswith(("OCI_IMAGE_", "OCI_BASE_IMAGE"))]  # noqa: SIM118  no dict
        return (
            {key: data.getVar(key) or "" for key in (*_READ, *_CONFIGURED)},
            {key: data.getVar(key) or "" for key in said if ":" not in key},
        )

    @contextlib.contextmanager
    def _tinfoil(self, config_only: bool) -> Iterator[Any]:
        from devtool import setup_tinfoil

        with stdout_to_stderr():
            tinfoil = setup_tinfoil(config_only=config_only, basepath=self.basepath)
            try:
                yield tinfoil
            finally:
                tinfoil.shutdown()


def devtool_setting(base: Path, name: str) -> str:
    """A path of devtool's configuration in the SDK *base*, absolute; empty when it is not set."""
    config = configparser.ConfigParser()
    config.read(base / "conf/devtool.conf")
    value = config.get("General", name, fallback="")
    return str(base / value) if value else ""


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """BitBake tells its story on the sys.stdout that it saw when imported: only the descriptor helps."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
