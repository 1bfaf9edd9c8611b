"""One run of `sdk-update`: the SDK, the base images and the containers of one directory."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devtool_plugins import rebuild, targets
from devtool_plugins import update_report as report
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.feeds.login import split
from sdk_hooks.core.sdk import prepare
from sdk_hooks.core.update import apply, built, layers, preflight, redeploy, remembered, stage
from sdk_hooks.core.update import server as servers
from sdk_hooks.core.update.built import Built
from sdk_hooks.core.update.containers import Checker
from sdk_hooks.core.update.esdk import Difference, Esdk
from sdk_hooks.core.update.finding import Findings
from sdk_hooks.core.update.journal import BUILDING, DONE, PREPARING, Journal, State, strays
from sdk_hooks.core.update.remembered import Remembered
from sdk_hooks.core.update.server import Server
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError, UsageError

if TYPE_CHECKING:
    from devtool_plugins.session import Session

_HOME = "lib/devtool-containers/update"
"""Where an SDK keeps what it was before."""


class Update:
    """What is known of one run; asking servers and BitBake is done at most once.

    :param images: The directory of the containers.
    """

    def __init__(self, args: argparse.Namespace, session: Session, images: Path) -> None:
        self.args, self.session, self.images = args, session, images
        extensible = session.sdk is not None and session.sdk.extensible
        self.base = Path(session.sdk.basepath) if session.sdk and extensible else None
        self.state = State(self.base / _HOME if self.base else images / apply.KEPT)
        self.source = self._source()

    def _source(self) -> Remembered:
        key = os.path.abspath(self.args.key) if self.args.key else ""
        given = Remembered(_plain(self.args.updateserver or ""), key, self.args.trusted)
        known = remembered.load(self.state.directory)
        if self.base and self.session.sdk and not known.url:
            known = Remembered(_plain(self.session.sdk.config.get("SDK", "updateserver", "")))
        return given.over(known)

    @cached_property
    def server(self) -> Server | None:
        """What publish has made; None when no server is known, or it has something else.

        :raises SdkError: When it can't be had, is not to be trusted, or is nothing that helps here.
        """
        if not self.source.url:
            return None
        found = servers.connect(self.source.url, self.source.key, self.source.trusted)
        if found is None and self.base is None:
            raise SdkError(
                f"'{self.source.url}' is not what publish makes",
                hint="make it: devtool-containers publish DIR",
                code="bad-server",
            )
        return found

    @cached_property
    def esdk(self) -> Esdk | None:
        """The SDK with its server; None outside of one, or when the server has none."""
        if self.base is None or not self.source.url:
            return None
        if self.server is None:
            return Esdk(self.base, self.state.directory, self.source.url.rstrip("/"))
        if not self.server.sdk:
            return None
        signed = self.server.published.sdk
        return Esdk(self.base, self.state.directory, self.server.sdk, signed)

    @cached_property
    def pending(self) -> Journal | None:
        """An update that was interrupted; what it was about to exchange is exchanged.

        :raises SdkError: When it was not, but is going on.
        """
        journal = self.state.read()
        if journal is None or journal.phase == DONE:
            return None
        with self.state.locked():
            return self.state.recover()

    @cached_property
    def difference(self) -> Difference:
        """Of the SDK; while an update is gone on with, what that one has brought."""
        if self.pending is None:
            return self.esdk.difference() if self.esdk else Difference()
        if self.base is None or not self.pending.sdk:
            return Difference()
        conf, old = (self.pending.kept_of(self.base / part) for part in ("conf", "layers"))
        sdk = Esdk(self.base, self.state.directory, "")
        recipes = sdk.since(conf or self.base / "conf", old or self.base / "layers")
        return Difference(recipes=recipes)

    @cached_property
    def repositories(self) -> list[layers.Layers]:
        """Of the layers of an SDK or a build directory."""
        if self.session.sdk is None or self.pending:
            return []
        if self.base:
            return layers.look([self.base / "layers"], fetch=False)  # its update server is asked by itself
        places = self.session.sdk.configured("BBLAYERS")["BBLAYERS"].split()
        return layers.look(map(Path, places), fetch=True)

    def check(self) -> Findings:
        """What would change.

        :raises SdkError: When the server can't be read.
        """
        notes = [each.note for each in self.repositories if each.note]
        notes += [self.difference.note] if self.difference.note else []
        if self.pending:
            notes.append("an update was interrupted: sdk-update goes on with it, --rollback takes it back")
        wanted, changes, told = self.server.changes(self.images) if self.server else ([], [], [])
        moved = {str(self.images / Path(each.path).name): each.digest for each in wanted}
        todo = self.pending.todo if self.pending else ()
        recipes = self.difference.recipes
        checker = Checker(lambda each: rebuild.packages(each, self.session), moved, recipes, todo)
        affected = checker.all(built.find(self.images))
        return Findings(
            tuple(each.row for each in self.repositories),
            self.difference.files,
            tuple(checker.feeds.values()),
            tuple(changes),
            tuple(affected),
            (*notes, *told, *checker.notes),
            checker.problems,
            self.pending is not None,
        )

    def steps(self, found: Findings) -> Iterator[str]:
        """What `apply` would do, as commands for people."""
        if found.sdk and self.esdk:
            yield f"devtool sdk-update --skip-prepare {self.esdk.server}  # of a copy"
            yield "bitbake --setscene-only ...  # what was prepared before, out of the shared state"
        for change in found.images:
            yield f"fetch {change.name} {change.new}"
        for each in found.containers:
            yield rebuild.command(each.built, self.session)
        for target in self.args.deploy:
            yield f"container-deploy ... {target}  # what runs there in another build"

    def apply(self, found: Findings) -> int:
        """Bring all that was *found* up to date; gives the exit status.

        :raises SdkError: When it can't be begun, or the SDK can't be updated: all is then what it was.
        """
        changing = [each.built for each in found.containers]
        self._check(found, changing)
        with self.state.locked():
            staged = self._staged(found)
            sdk = bool(found.sdk)
            locks = rebuild.locks(changing, self.session)
            begun = apply.begin(self.state, self.images, changing, staged, locks, sdk=sdk)
            if self.source.url:
                remembered.save(self.state.directory, self.source)
            begun = self._prepared(begun)
            if not sdk:
                results = apply.build(self.state, begun, changing, self._again, self.session.ui)
        if sdk:  # this process has modules of the old layers
            return rebuild.in_fresh_devtool(self.args, self.base or Path(), self.images)
        report.problems(self.session, found)
        return max(report.results(self.args, self.session, results), self.deploy(), bool(found.problems))

    def _again(self, each: Built) -> str:
        return rebuild.again(each, self.session)

    def _check(self, found: Findings, changing: Sequence[Built]) -> None:
        needs = [(self.images, preflight.size(each.image for each in changing))]
        if found.sdk and self.base:
            preflight.layers(self.repositories)
            needs.append((self.base, stage.size(self.base)))
            for name in self.difference.edited:
                self.session.ui.warning(f"{name} was changed here: the server's takes its place")
        preflight.space(needs)

    def _staged(self, found: Findings) -> list[Pair]:
        pairs: list[Pair] = []
        journal = self.state.read()
        if found.sdk and self.esdk:
            strays(self.state.directory, stage.PREFIX, journal)
            self.session.ui.step(f"updating the SDK from {self.esdk.server}")
            pairs += self.esdk.staged(self._stock, self.server.lasting if self.server else str)
        if found.images and self.server:
            kept = self.images / apply.KEPT
            strays(kept, servers.PREFIX, journal)
            wanted, _, _ = self.server.changes(self.images)
            pairs += self.server.stage(wanted, self.images, kept, self.session.ui)
        return pairs

    def _stock(self, base: str, server: str) -> int:
        """devtool's own sdk-update."""
        from sdk_hooks.core.sdk.workspace import stdout_to_stderr

        sdk = self.session.sdk
        assert sdk is not None  # noqa: S101  there is one, or nothing of it is updated
        wanted = argparse.Namespace(updateserver=server, skip_prepare=True)
        with stdout_to_stderr():
            return int(self.args.stock(wanted, sdk.config, base, sdk.workspace))

    def _prepared(self, begun: Journal) -> Journal:
        """Let BitBake follow the new layers; when it can't, go back.

        :raises SdkError: Then.
        """
        if begun.phase != PREPARING:
            return begun
        try:
            self._prepare()
        except SdkError as error:
            self.session.ui.step("going back: the SDK is what it was")
            self.state.go_back()
            self._prepare()
            raise error
        return self.state.write(begun.at(BUILDING))

    def _prepare(self) -> None:
        sdk = self.session.sdk
        if sdk is None or getattr(self.args, "skip_prepare", False):
            return
        self.session.ui.step("preparing the build system")
        stamps = Path(sdk.basepath) / "tmp/stamps"
        left = prepare.prepare(sdk.bitbake(self.session.ui), stamps, sdk.workspace)
        if left:
            self.session.ui.step(f"of your workspace, to be built again: {', '.join(left)}")

    def go_back(self) -> Journal:
        """Put back what the last update has changed.

        :raises SdkError: When there was none.
        """
        with self.state.locked():
            journal = self.state.go_back()
            if journal.sdk:
                self._prepare()
        return journal

    def deploy(self) -> int:
        """Deploy again what runs on the targets in another build; gives the exit status."""
        if not self.args.deploy:
            return 0
        images = [each.image for each in built.find(self.images)]
        others = built.images(self.images)
        plugins, ui = self.session.plugins, self.session.ui
        resolver = targets.resolver(self.args, self.session)
        names = list(dict.fromkeys(self.args.deploy))
        with Packer(len(names)) as packer:
            answers = fleet.each(
                names, resolver, lambda link: redeploy.redeploy(link, images, others, plugins, ui, packer)
            )
        return report.deployed(self.args, self.session, names, answers)


def _plain(url: str) -> str:
    """*url*, which is remembered, told, and given to wget and git: they read ~/.netrc as well.

    :raises UsageError: When a user or a password is in it.
    """
    try:
        plain, login = split(url)
    except ValueError as error:
        raise UsageError(f"the update server: {error}") from error
    if login:
        raise UsageError(
            f"a user or a password is in the URL of the update server '{plain}'",
            hint=f"write it into ~/.netrc: machine {urlsplit(plain).hostname} login USER password PASSWORD",
        )
    return url
