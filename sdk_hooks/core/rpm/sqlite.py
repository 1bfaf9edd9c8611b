"""rpm's database as its sqlite backend has it, read and made whole: the same bytes for the same packages."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from sdk_hooks.core.rpm import pages, rows, stored
from sdk_hooks.core.rpm.header import Header
from sdk_hooks.errors import SdkError

if TYPE_CHECKING:
    import sqlite3

NAME = "rpmdb.sqlite"
BESIDE = (f"{NAME}-wal", f"{NAME}-shm", f"{NAME}-journal")
"""What sqlite keeps beside it while somebody writes."""
READ = (NAME, *(each for each in BESIDE if not each.endswith("-shm")))
"""What has the content; shared memory is of a process that is gone."""
_PAGE = 4096
_PRAGMAS = (
    "encoding = 'UTF-8'",
    f"page_size = {_PAGE}",
    "auto_vacuum = NONE",
    "journal_mode = DELETE",
    "secure_delete = ON",  # else what pages had before is left where they have nothing
)
"""Whatever this machine's sqlite takes if nobody says it; no journal stays, as when rpm parks a database."""
_PACKAGE, _ARCHITECTURE = 1000, 1022
_CHANGES, _VALID_FOR, _VERSION = 24, 92, 96
"""Where the file says how often it was changed, and by which version of sqlite."""
_OLDEST = 3_007_000
"""The first version that knows these fields."""


class Packages(NamedTuple):
    """What a database has."""

    stored: Mapping[int, bytes]
    """Headers by their numbers."""
    last: int
    """The highest number that was ever given: none is given twice."""


def read(files: Mapping[str, bytes]) -> Packages:
    """
    :param files: The database, and what is beside it, by name.
    :raises ValueError: When it is damaged.
    """
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            (Path(directory) / name).write_bytes(content)
        sqlite = _sqlite()
        try:
            connection = sqlite.connect(Path(directory) / NAME)
            try:
                found = dict(connection.execute("SELECT hnum, blob FROM Packages ORDER BY hnum"))
                [last] = next(
                    connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'Packages'"), [0]
                )
            finally:
                connection.close()
        except sqlite.Error as error:
            raise ValueError(str(error)) from error
    return Packages(found, max(last, *found, 0))


def added(there: Packages, blobs: Iterable[bytes]) -> Packages:
    """*there* with more headers, as rpm numbers them; a package takes the place of one of its name.

    :raises ValueError: When a header is damaged.
    """
    new = dict(enumerate(blobs, there.last + 1))
    instead = {_named(blob) for blob in new.values()}
    left = {number: blob for number, blob in there.stored.items() if _named(blob) not in instead}
    return Packages({**left, **new}, there.last + len(new))


def _named(blob: bytes) -> tuple[str, str]:
    header = stored.read(blob)
    return header.text(_PACKAGE), header.text(_ARCHITECTURE)


def written(packages: Packages, *, big_endian: bool) -> bytes:
    """The file of the database.

    :param big_endian: How the machine has numbers that it is for.
    :raises ValueError: When a header is damaged.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / NAME
        connection = _sqlite().connect(path, isolation_level=None)
        try:
            _write(connection, packages, big_endian)
            roots = [1, *(root for (root,) in connection.execute("SELECT rootpage FROM sqlite_master"))]
        finally:
            connection.close()
        return _normal(pages.cleared(path.read_bytes(), _PAGE, roots))


def _write(connection: sqlite3.Connection, packages: Packages, big_endian: bool) -> None:
    run = connection.execute
    for pragma in _PRAGMAS:
        run(f"PRAGMA {pragma}")
    run("BEGIN")
    run("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
    for table in rows.TABLES:
        run(
            f"CREATE TABLE '{table.name}' (key '{'TEXT' if table.is_text else 'BLOB'}' NOT NULL, "
            "hnum INTEGER NOT NULL, idx INTEGER NOT NULL, "
            "FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))"
        )
    stored_of = sorted(packages.stored.items())
    connection.executemany("INSERT INTO Packages VALUES (?, ?)", stored_of)
    headers = [(number, stored.read(blob)) for number, blob in stored_of]
    for table in rows.TABLES:
        _fill(connection, table, headers, big_endian)
    run("DELETE FROM sqlite_sequence")
    run("INSERT INTO sqlite_sequence VALUES ('Packages', ?)", (packages.last,))
    run("COMMIT")


def _fill(
    connection: sqlite3.Connection,
    table: rows.Table,
    headers: Sequence[tuple[int, Header]],
    big_endian: bool,
) -> None:
    """Write the rows of *table*; its indexes after them, which takes less time and space."""
    value = "CAST(? AS TEXT)" if table.is_text else "?"
    found = (
        (key, number, at)
        for number, header in headers
        for key, at in rows.keys(table, header, big_endian=big_endian)
    )
    # the names are our own, and what packages say is bound
    connection.executemany(f"INSERT INTO '{table.name}' VALUES ({value}, ?, ?)", found)  # noqa: S608
    columns = (["key"] if table.is_text else []) + (["hnum"] if table.is_list else [])
    for column in columns:
        connection.execute(f"CREATE INDEX '{table.name}_{column}_idx' ON '{table.name}'({column} ASC)")


def _normal(content: bytearray) -> bytes:
    """*content* without what tells of the sqlite that wrote it."""
    for place, number in ((_CHANGES, 1), (_VALID_FOR, 1), (_VERSION, _OLDEST)):
        struct.pack_into(">I", content, place, number)
    return bytes(content)


def _sqlite() -> ModuleType:
    """
    :raises SdkError: When Python was built without it.
    """
    try:
        import sqlite3
    except ImportError as error:
        raise SdkError(
            "rpm's database can't be read or written: this Python has no sqlite3",
            hint="run it with another Python, or leave out --package-database",
            code="missing-module",
        ) from error
    return sqlite3
