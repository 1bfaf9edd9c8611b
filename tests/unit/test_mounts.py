"""What a container has in one place of its own: one thing, and that of the command line over the image's."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import pytest

from devtool_plugins import settings
from sdk_hooks import Settings, Tmpfs, Volume
from sdk_hooks.core.deploy.parts import Config, Part, Secret, check_mounts
from sdk_hooks.core.spec.model import Spec

from .helpers import fails, make

DATA = Volume("data", "/data")


@pytest.mark.parametrize(
    ("said", "twice"),
    [
        (Settings(volumes=(DATA, Volume("data", "/more"))), ""),
        (Settings(volumes=(DATA, Volume("other", "/data/"))), "/data"),
        (Settings(volumes=(DATA,), tmpfs=(Tmpfs("/data"),)), "/data"),
        (Settings(volumes=(Volume("/srv/app.conf", "/app.conf"),)), "/app.conf"),
        (Settings(tmpfs=(Tmpfs("/run/secrets/token"),)), "/run/secrets/token"),
    ],
)
def test_two_things_in_one_place_are_refused(tmp_path: Path, said: Settings, twice: str) -> None:
    files = {"secrets": (Secret("token", b"x"),), "configs": (Config("app", b"x", target="/app.conf"),)}
    refused = fails(
        f"the container 'web' has two things at '{twice}' [bad-spec]\n"
        "  hint: move one of them: volumes:, tmpfs: or configs:"
    )
    with refused if twice else contextlib.nullcontext():
        check_mounts([Part(make(tmp_path).image, said, "web", **files)])  # type: ignore[arg-type]  # by name


def test_the_command_line_puts_another_thing_in_the_place_of_the_images(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)
    words = ["--volume", "/srv/data:/data", "--tmpfs", "/cache", "--tmpfs", "/run:size=1M"]
    own = Spec(volumes=(DATA, Volume("cache", "/cache/")), tmpfs=(Tmpfs("/run"), Tmpfs("/tmp")))
    found = settings.apply(parser.parse_args(words), make(tmp_path, spec=own).image)

    assert found.volumes == (Volume("/srv/data", "/data"),)
    assert found.tmpfs == (Tmpfs("/tmp"), Tmpfs("/cache"), Tmpfs("/run", 1 << 20))
