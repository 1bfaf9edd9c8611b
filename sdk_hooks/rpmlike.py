"""For authors of package formats whose packages are rpm's."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import IO

from sdk_hooks.core.plain import DAMAGED, is_damage
from sdk_hooks.core.rpm import package as rpm
from sdk_hooks.core.rpm import preference, primary
from sdk_hooks.core.rpm.repository import Repository
from sdk_hooks.core.rpm.version import compare, overlaps
from sdk_hooks.packages import Opened, Package, Record, Relation, ScriptRun, Scripts

__all__ = ["Repository", "RpmLike"]


class RpmLike:
    """A subclass sets `name`, `summary`, `direct_alternatives`, and has `indexes` and `fits`."""

    suffix = ".rpm"
    scripts = Scripts(
        first=(ScriptRun("pretrans", ("1",)),),
        before=(ScriptRun("sysusers", made=True), ScriptRun("pre", ("1",))),
        after=(ScriptRun("post", ("1",)),),
        last=(ScriptRun("posttrans", ("1",)),),
    )
    shares_files = True
    first_alternative = False

    def records(self, index: bytes) -> Iterator[Record]:
        return primary.records(index)

    def package(self, record: bytes) -> Package:
        return primary.package(record)

    def described(self, record: bytes, path: str, size: int, digest: str) -> bytes:
        return primary.described(record, path, size, digest)

    def compare(self, one: str, other: str) -> int:
        return compare(one, other)

    def meets(self, provided: Relation, wanted: Relation) -> bool:
        return overlaps(provided, wanted)

    def preferred(
        self,
        name: str,  # noqa: ARG002  all names count
        found: Iterable[Package],
        old: Collection[Package] = (),
    ) -> list[Package]:
        return preference.preferred(found, old)

    @contextlib.contextmanager
    def opened(self, file: IO[bytes]) -> Iterator[Opened]:
        try:
            yield rpm.opened(file)
        except DAMAGED as error:
            if not is_damage(error):
                raise
            raise ValueError(str(error) or type(error).__name__) from error
