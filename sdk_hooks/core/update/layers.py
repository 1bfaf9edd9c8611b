"""The state of the layers' git repositories: what was changed there, and how far upstream is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdk_hooks.core.update.finding import Row
from sdk_hooks.errors import SdkError

if TYPE_CHECKING:
    from git import Repo

_PATIENCE = 20
"""Seconds that a remote may take to answer."""


@dataclass(frozen=True)
class Layers:
    """One repository, with one layer or several."""

    name: str
    path: Path
    revision: str
    branch: str
    """Empty when no branch is checked out."""
    dirty: tuple[str, ...]
    """Files that were changed, or are not in the repository."""
    upstream: str = ""
    """Empty when there is none."""
    ahead: int = 0
    behind: int = 0
    note: str = ""
    """Why `behind` may be an old truth."""

    @property
    def state(self) -> str:
        """In words."""
        found = [
            f"{count} {word}" for count, word in ((self.behind, "behind"), (self.ahead, "ahead")) if count
        ]
        if self.dirty:
            found.append(f"{len(self.dirty)} files changed")
        return ", ".join(found) or ("as upstream" if self.upstream else "no upstream")

    @property
    def row(self) -> Row:
        return Row("", "layer", self.name, f"{self.branch or 'detached'} {self.revision[:12]}", self.state)


def look(places: Iterable[Path], *, fetch: bool) -> list[Layers]:
    """The repositories that *places* are in; what is in none is left out.

    :param fetch: Whether to ask their remotes.
    :raises SdkError: When a repository can't be read.
    """
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    found: dict[str, Repo] = {}
    for place in places:
        try:
            repo = Repo(place, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError):
            continue
        found.setdefault(str(repo.working_dir), repo)
    return [_state(Path(top), repo, fetch) for top, repo in sorted(found.items())]


def _state(top: Path, repo: Repo, fetch: bool) -> Layers:
    from git import GitCommandError

    try:
        with repo:
            note = _fetched(repo) if fetch else ""
            dirty = tuple(line[3:] for line in repo.git.status("--porcelain").splitlines())
            branch = "" if repo.head.is_detached else repo.active_branch.name
            upstream = None if repo.head.is_detached else repo.active_branch.tracking_branch()
            ahead = behind = 0
            if upstream is not None and upstream.is_valid():
                counts = repo.git.rev_list("--left-right", "--count", f"HEAD...{upstream.name}")
                ahead, behind = map(int, counts.split())
            name = upstream.name if upstream is not None else ""
            revision = repo.head.commit.hexsha
    except (GitCommandError, ValueError) as error:
        raise SdkError(f"git can't read '{top}'", detail=str(error).strip(), code="bad-repository") from error
    return Layers(top.name, top, revision, branch, dirty, name, ahead, behind, note)


def _fetched(repo: Repo) -> str:
    """Ask the remote of the branch; gives why that could not be done."""
    from git import GitCommandError

    if not repo.remotes:
        return ""
    try:
        with repo.git.custom_environment(GIT_TERMINAL_PROMPT="0", GIT_SSH_COMMAND=_ssh()):
            repo.git.fetch("--quiet", "--all", kill_after_timeout=_PATIENCE)
    except GitCommandError as error:
        lines = [line for line in str(error.stderr).splitlines() if "fatal:" in line]
        why = lines[0].partition("fatal: ")[2].rstrip("'") if lines else "no answer"
        return f"the remote of '{repo.working_dir}' is not to be had ({why}): as of the last fetch"
    return ""


def _ssh() -> str:
    return f"{os.environ.get('GIT_SSH_COMMAND', 'ssh')} -oBatchMode=yes -oConnectTimeout={_PATIENCE}"
