"""A copy of the layers' repository of an update server, to tell what changed before anything is updated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core.bom.changes import Change


@dataclass(frozen=True)
class Fetched:
    """What was fetched, or why not."""

    path: Path
    revision: str = ""
    note: str = ""


def fetch(url: str, place: Path) -> Fetched:
    """Fetch the branch that the repository at *url* has checked out into *place*."""
    from git import GitCommandError, Repo

    try:
        repo = Repo(place) if place.is_dir() else Repo.init(place, bare=True, mkdir=True)
        with repo:
            repo.git.fetch("--quiet", "--force", "--no-tags", url, "HEAD:refs/heads/server")
            return Fetched(place, repo.commit("refs/heads/server").hexsha)
    except (GitCommandError, ValueError) as error:
        lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
        return Fetched(
            place, note=f"the layers at '{url}' can't be read: {lines[-1] if lines else 'no answer'}"
        )


def seen(place: Path) -> str:
    """The commit that was fetched into *place* the last time; empty when nothing was."""
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        with Repo(place) as repo:
            return str(repo.commit("refs/heads/server").hexsha)
    except (InvalidGitRepositoryError, NoSuchPathError, ValueError):
        return ""


def point(layers: Path, url: str) -> None:
    """Let the repository *layers*, if it is one, have *url* for its origin."""
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        with Repo(layers) as repo:
            for remote in repo.remotes:
                if remote.name == "origin":
                    remote.set_url(url)
    except (InvalidGitRepositoryError, NoSuchPathError):
        return


def revision(layers: Path) -> str:
    """The commit that is checked out in *layers*; empty when git does not know them."""
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        with Repo(layers) as repo:
            return str(repo.head.commit.hexsha)
    except (InvalidGitRepositoryError, NoSuchPathError, ValueError):
        return ""


def change(layers: Path, fetched: Fetched) -> tuple[Change, ...]:
    """How *layers* differ from what was *fetched*."""
    ours = revision(layers)
    if not fetched.revision or ours == fetched.revision:
        return ()
    return (Change("layers", ours[:12] or "as installed", fetched.revision[:12]),)


def recipes(fetched: Fetched) -> list[str]:
    """Paths of the recipes in there."""
    from git import Repo

    if not fetched.revision:
        return []
    with Repo(fetched.path) as repo:
        paths = repo.git.ls_tree("-r", "--name-only", "-z", fetched.revision).split("\0")
    return [path for path in paths if path.endswith(".bb")]
