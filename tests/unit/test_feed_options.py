"""Where packages are said by an option and which in container.yaml, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.sdk.workspace import Sdk

from .helpers import fails
from .lockplace import Project, project

__all__ = ["project"]

PROGRAM = "entrypoint: /usr/bin/app\n"
PLATFORM = ("--platform", "linux/amd64")


@pytest.fixture(params=["no SDK", "an SDK"])
def place(project: Project, request: pytest.FixtureRequest) -> Project:
    if request.param == "an SDK":
        project.sdk = Sdk(None, str(project.top), {"other": {"srctree": str(project.top)}})
    return project


@pytest.mark.parametrize("file", ["container.yaml", "elsewhere.yaml"])
@pytest.mark.parametrize("which", [True, False])
def test_each_may_be_said_where_the_other_is_not(place: Project, which: bool, file: str) -> None:
    """:param which: Whether the option says where they are, and the file which."""
    (place.top / "container.yaml").unlink()
    (place.top / file).write_text(("install: [app]\n" if which else "feeds: [feed]\n") + PROGRAM)
    options = ("--feed", "feed") if which else ("--install", "app")
    named = () if file == "container.yaml" else ("-f", file)
    place.build(*PLATFORM, *options, *named, "--lock")

    [lock] = place.top.glob("*.lock")
    assert lock.stem == Path(file).stem
    assert [line for line in lock.read_text().splitlines() if "- name: " in line][:2] == ["  - name: app", "  - name: lib"]  # fmt: skip # noqa: E501
    first = place.digest
    place.forget()
    place.build(*options, *named, "--locked")
    assert place.digest == first


def test_a_name_mistyped_in_an_sdk_is_no_image(project: Project) -> None:
    project.sdk = Sdk(None, str(project.top), {"webb": {"srctree": str(project.top)}})
    with fails(
        "no recipe named 'web' is in your workspace [no-recipe]\n  it has: webb\n"
        "  hint: put it there: devtool modify web, or devtool add web SOURCE"
    ):
        project.build()


def test_a_feed_of_which_nothing_is_wanted(project: Project) -> None:
    (project.top / "container.yaml").write_text("base: scratch\n" + PROGRAM)
    with fails(
        "--feed says where packages are, and nothing says which [usage]\n  hint: name them: --install PACKAGE"
    ):
        project.build("--feed", "feed", "--from", str(project.feed))
