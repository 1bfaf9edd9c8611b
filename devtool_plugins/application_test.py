"""`container-test` of an application of several containers: each is tested where all are deployed."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import settings, targets

if TYPE_CHECKING:
    from devtool_plugins.container_test import Opened, Trials
    from devtool_plugins.session import Session
    from sdk_hooks.core.spec.checks import Check

_EXAMPLE = """\
containers:
  web:
    tests:
      - {name: answers, http: {port: 8080, path: /}, within: 20s}
      - {name: ready, log: 'listens on'}"""


def opened(args: argparse.Namespace, session: Session, file: Path) -> Opened:
    """The application in *file* with the tests of its containers.

    :raises SdkError: When there are none, or nothing to test.
    """
    from sdk_hooks.core import applications, names
    from sdk_hooks.errors import SdkError, UsageError

    if args.file:
        raise UsageError("--file is for one container", hint=f"write tests: into '{file}'")
    found = applications.load(file)
    if not args.target:
        raise SdkError(
            f"'{file}' is several containers, which are tested where they are deployed",
            hint=f"name the target: container-test {file} TARGET; or try one here: container-test IMAGE",
            code="several",
        )
    wanted = {part: entry.spec.tests for part, entry in found.containers.items() if entry.spec.tests}
    if not wanted:
        raise SdkError(f"'{file}' has no tests", detail=f"such as:\n{_EXAMPLE}", code="no-tests")
    built = None
    if not args.deployed:
        parts = applications.assemble(found, file, settings.directory(args, session), settings.of_image)
        built = {part.name: part.image.digest for part in parts}
    name = names.application(applications.name(found, file) if args.name is None else args.name)
    return name, _subjects(args, session, name, wanted, built)


@contextlib.contextmanager
def _subjects(
    args: argparse.Namespace,
    session: Session,
    name: str,
    wanted: Mapping[str, tuple[Check, ...]],
    built: Mapping[str, str] | None,
) -> Iterator[Trials]:
    from sdk_hooks.core.deploy.connection import connect
    from sdk_hooks.core.trial import deployed

    with connect(*targets.resolver(args, session)(args.target)) as connection:
        whole, members = deployed.find_all(connection, name, args.image, list(wanted), built)
        yield whole, [(member.part, member, wanted[member.part]) for member in members]
