"""`container-test`: try what `tests:` of container.yaml says, here or on a target."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import settings, targets

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from devtool_plugins.session import Session
    from sdk_hooks.core.spec.checks import Check
    from sdk_hooks.core.trial.checks import Verdict
    from sdk_hooks.core.trial.subject import Subject
    from sdk_hooks.image import Image

    Trials = tuple[Subject, list[tuple[str, Subject, tuple[Check, ...]]]]
    """What is tested as a whole, and each container of it with its name, if it has one, and its tests."""
    Opened = tuple[str, AbstractContextManager[Trials]]
    """With the name that all has."""

NAME = "container-test"
HELP = "Test a container: commands, HTTP requests, its output"
DESCRIPTION = (
    "Tries what tests: of container.yaml says of the container NAME: starts it on this machine and takes it "
    "away again, or with TARGET tests what container-deploy has put there, also several containers of one "
    "file. Exits with 1 when a test fails."
)
_LAST = 10
"""Lines of the output that are shown when a test failed."""
_REPORTED = 1000
"""Lines of the output in the report that is a file."""
_HERE = ("stack", "runtime", "env", "port", "volume", "device", "network", "memory", "cpus", "restart")
_EXAMPLE = """\
tests:
  - {name: answers, http: {port: 8080, path: /}, within: 20s}
  - {name: version, command: /usr/bin/app --version, output: '^1[.]'}
  - {name: ready, log: 'listens on'}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        metavar="NAME",
        help="name of a built image, path of an OCI layout, or with TARGET the file of an application",
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", default="",
                        help="where it is deployed (default: run it on this machine)")  # fmt: skip
    parser.add_argument("-f", "--file", metavar="FILE", help="container.yaml to read (default: as for "
                        "container-build: beside the sources, in this directory)")  # fmt: skip
    parser.add_argument("--junit", metavar="FILE", help="also write a report as JUnit XML")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    parser.add_argument("--tag", default="latest", help="tag of the image (default: latest)")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    parser.add_argument("--name", metavar="NAME", help="name of the container (default: the image's)")
    parser.add_argument("--deployed", action="store_true",
                        help="with TARGET: test what runs there, whatever is built here")  # fmt: skip
    parser.add_argument(
        "--stack", default="", help="here: podman, docker, containerd or none (default: what is there)"
    )
    parser.add_argument("--runtime", default="", help="here: crun, runc, ... (default: the stack's own)")
    settings.add_arguments(parser)
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    from datetime import datetime, timezone

    from devtool_plugins import application_test
    from sdk_hooks.core import applications
    from sdk_hooks.core.trial import checks

    _check_options(args)
    if args.junit:
        _fresh(Path(args.junit))
    file = applications.file(args.image)
    name, found = _one(args, session) if file is None else application_test.opened(args, session, file)
    now = datetime.now(timezone.utc)
    verdicts: list[Verdict] = []
    with found as (whole, trials):
        for part, subject, wanted in trials:
            verdicts += checks.run(subject, wanted, lambda verdict: _tell(args, verdict), part)
        log = whole.log()
    _report(args, name, whole, verdicts, log, now.strftime("%Y-%m-%dT%H:%M:%S"))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _one(args: argparse.Namespace, session: Session) -> Opened:
    """A single container with its tests.

    :raises SdkError: When it has none, or is not there.
    """
    image = _image(args, session)
    name = _name(args, image)
    return name, _subject(args, session, name, image, _checks(args, session, name, image))


def _check_options(args: argparse.Namespace) -> None:
    from sdk_hooks.errors import UsageError

    if args.deployed and not args.target:
        raise UsageError("--deployed wants a TARGET", hint="say where it is deployed")
    for option in _HERE:
        if args.target and getattr(args, option):
            raise UsageError(
                f"--{option} is for a container on this machine",
                hint=f"give it to container-deploy, then test what runs on {args.target}",
            )


def _image(args: argparse.Namespace, session: Session) -> Image | None:
    """The image here, which need not be there when what runs on a target is tested."""
    from sdk_hooks.core import images
    from sdk_hooks.errors import SdkError

    try:
        return images.find(args.image, settings.directory(args, session), args.tag)
    except SdkError:
        if not args.target or os.sep in args.image:
            raise
        return None


def _name(args: argparse.Namespace, image: Image | None) -> str:
    from sdk_hooks.core import names

    if args.name is not None or image is None:
        return names.checked(args.image if args.name is None else args.name)
    return names.of_image(image)


def _checks(args: argparse.Namespace, session: Session, name: str, image: Image | None) -> tuple[Check, ...]:
    """The tests of the container.

    :raises SdkError: When there are none.
    """
    from devtool_plugins import inputs
    from sdk_hooks.core.spec import read
    from sdk_hooks.errors import SdkError

    path = _file(args, session, image)
    found = read.load(path) if args.file or path.is_file() else None
    if found and not args.file and os.sep not in args.image:
        inputs.checked(found, path, args.image)
    if found and found.tests:
        return found.tests
    raise SdkError(
        f"'{path}' has no tests" if found else f"there is no '{path}' with tests of {name!r}",
        detail=f"such as:\n{_EXAMPLE}",
        hint="" if found else "run this where container-build was run, or name the file with -f FILE",
        code="no-tests",
    )


def _file(args: argparse.Namespace, session: Session, image: Image | None) -> Path:
    """Where container.yaml is, or would be: as container-build finds it, else as it found it."""
    from sdk_hooks.core import requests
    from sdk_hooks.core.spec.read import FILE_NAME

    if args.file:
        return Path(args.file)
    if session.sdk and args.image in session.sdk.workspace:
        return session.sdk.source_tree(args.image) / FILE_NAME
    here = Path.cwd() / FILE_NAME
    request = requests.load(image.layout) if image else None
    known = request and request.options.get("file")
    return Path(known) if known and not here.is_file() else here


@contextlib.contextmanager
def _subject(
    args: argparse.Namespace, session: Session, name: str, image: Image | None, wanted: tuple[Check, ...]
) -> Iterator[Trials]:
    from sdk_hooks.core.deploy.connection import connect
    from sdk_hooks.core.deploy.order import Order
    from sdk_hooks.core.deploy.parts import Part
    from sdk_hooks.core.trial import deployed, here

    if args.target:
        with connect(*targets.resolver(args, session)(args.target)) as connection:
            there = deployed.find(connection, name, None if args.deployed else image)
            yield there, [("", there, wanted)]
        return
    assert image  # noqa: S101  _image has found it
    order = Order(name, (Part(image, settings.apply(args, image)),), args.stack, args.runtime)
    with here.started(order, session.plugins, session.ui) as running:
        yield running, [("", running, wanted)]


def _fresh(path: Path) -> None:
    """Take an old report away, and see that a new one can be written.

    :raises SdkError: When it can't.
    """
    from sdk_hooks.core import disk

    with disk.writing(path):
        path.write_bytes(b"")
        path.unlink()


def _tell(args: argparse.Namespace, verdict: Verdict) -> None:
    if args.format == "json":
        return
    word = "passed" if verdict.passed else "FAILED"
    print(f"{word}  {verdict.seconds:5.1f} s  {verdict.name}", flush=True)
    if not verdict.passed:
        print(f"        expected: {verdict.expected}\n        seen:     {verdict.seen}", flush=True)


def _report(
    args: argparse.Namespace, name: str, subject: Subject, verdicts: list[Verdict], log: str, now: str
) -> None:
    import json
    from dataclasses import asdict

    from sdk_hooks.core import disk
    from sdk_hooks.core.trial import junit

    facts = {"target": subject.target, "stack": subject.stack, "digest": subject.digest}
    lines = log.splitlines()
    if args.junit:
        kept = "\n".join(lines[-_REPORTED:])
        with disk.writing(Path(args.junit)):
            disk.replace(Path(args.junit), junit.xml(name, verdicts, kept, facts, now))
    failed = sum(not verdict.passed for verdict in verdicts)
    if args.format == "json":
        found = {"name": name, **facts, "failed": failed, "tests": [asdict(v) for v in verdicts]}
        print(json.dumps({**found, "log": lines[-_LAST:] if failed else []}, indent=2))
        return
    if failed:
        print("last output:" if lines else "it has printed nothing")
        print("".join(f"  {line}\n" for line in lines[-_LAST:]), end="")
    count = len(verdicts)
    print(f"{count} test{'s' * (count != 1)} on {subject.target} ({subject.stack}), {failed} failed")
