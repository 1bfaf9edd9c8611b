"""The same lock, the same image: elsewhere, for another user, from a feed that moved on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdk_hooks.errors import SdkError

from .helpers import fails, root_only
from .lockplace import Project, index, package, project  # noqa: F401  a fixture
from .test_feeds_http import Served, served  # noqa: F401  a fixture
from .test_reproducible import _for_all


def test_a_feed_that_has_moved_on_over_http(project: Project, served: Served) -> None:  # noqa: F811
    url, top, asked = served
    shutil.copytree(project.feed, top / "feed")
    index(top / "feed")
    secret = url.replace("://", "://me:secret@")
    text = f"install: [app]\nfeeds: [{url}/feed trusted=yes]\nentrypoint: /usr/bin/app\n"
    (project.top / "container.yaml").write_text(text)
    project.build("--lock")
    first = project.digest
    assert f"    feed: {url}/feed\n    file: app_1.0_all.deb\n" in project.lock.read_text()
    assert secret not in project.lock.read_text()

    package(top / "feed", "lib", "2.0")
    index(top / "feed")
    (top / "feed/Packages").write_text((top / "feed/Packages").read_text().partition("Package: lib")[0])
    asked.clear()
    project.forget()
    project.build("--locked")
    assert project.digest == first
    assert sorted(asked) == ["/feed/app_1.0_all.deb", "/feed/base-files_1_all.deb", "/feed/lib_1.0_all.deb"]

    (top / "feed/lib_1.0_all.deb").unlink()
    asked.clear()
    project.build("--locked")  # out of the cache
    assert asked == []

    project.forget()
    with fails(
        f"the feed '{url}/feed' no longer has 'lib' 1.0, which the lock wants [no-package]\n"
        "  looked for 'lib_1.0_all.deb'\n"
        "  hint: bring that file back, or make the lock again with --lock"
    ):
        project.build("--locked")
    assert project.digest == first

    package(top / "feed", "lib", text="again")
    with pytest.raises(
        SdkError, match=r"has 'lib' 1.0 in another file than the lock \[wrong-hash\]\n  at 'lib_1"
    ):
        project.build("--locked")


BUILD = """
import os, sys
os.umask(int(sys.argv[1], 8))
from devtool_plugins.__main__ import main
sys.exit(main(["-q", "container-build", "web", "--locked", "-o", "out"]))
"""


@pytest.fixture
def elsewhere(project: Project, tmp_path: Path) -> Iterator[Callable[..., str]]:  # noqa: F811
    """Builds what the lock says in another directory, as another user, with an empty cache."""
    project.build("--lock")
    root = Path(__file__).resolve().parents[2]
    top = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    top.chmod(0o755)

    def build(name: str, umask: str, *before: str, owner: int = 0) -> str:
        place = top / name
        shutil.copytree(project.top, place, ignore=shutil.ignore_patterns("images", "home-*"))
        for folder, _, names in os.walk(place):
            for each in (".", *names) if owner else ():
                os.chown(os.path.join(folder, each), owner, owner)
        environment = {"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONPATH": str(root),
                       "PYTHONDONTWRITEBYTECODE": "1", "TZ": "Asia/Kolkata"}  # fmt: skip
        argv = [*before, sys.executable, "-c", BUILD, umask]
        done = subprocess.run(argv, cwd=place, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return (place / "out/web-latest-oci/index.json").read_text()

    yield build
    shutil.rmtree(top)


def test_another_machine_makes_the_same(project: Project, elsewhere: Callable[..., str]) -> None:  # noqa: F811
    mine = (project.top / "images/web-latest-oci/index.json").read_text()

    assert elsewhere("a", "022") == mine
    assert elsewhere("a-longer-name/below", "077") == mine


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
@pytest.mark.skipif(not _for_all(), reason="other users can't read this checkout: clone it to /tmp")
def test_another_user_makes_the_same(project: Project, elsewhere: Callable[..., str]) -> None:  # noqa: F811
    become = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups")
    if subprocess.run([*become, sys.executable, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip("another user can't run this Python")

    mine = (project.top / "images/web-latest-oci/index.json").read_text()
    assert elsewhere("b", "027", *become, owner=4711) == mine
