"""Packages of an image with an rpm database; those that are not of sqlite only rpm itself reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.known import Known
from sdk_hooks.core.files.fileset import Entry
from sdk_hooks.core.rpm import sqlite, stored
from sdk_hooks.core.rpm.header import Header
from sdk_hooks.core.rpm.payload import files
from sdk_hooks.errors import SdkError

PLACES = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_NAMES = ("rpmdb.sqlite", "Packages.db", "Packages")
_NAME, _VERSION, _RELEASE, _EPOCH, _SUMMARY = 1000, 1001, 1002, 1003, 1004
_LICENSE, _HOMEPAGE, _ARCHITECTURE, _SOURCE, _PROVIDES, _REQUIRES = 1014, 1020, 1022, 1044, 1047, 1049
_ONE = ("NAME", "EVR", "ARCH", "SOURCERPM", "LICENSE", "URL", "SUMMARY")
_LISTS = ("REQUIRENAME", "PROVIDENAME", "FILENAMES")
_ITEM, _FIELD, _RECORD = "\x1d", "\x1e", "\x1f"
_QUERY = _FIELD.join([*(f"%{{{n}}}" for n in _ONE), *(f"[%{{{n}}}{_ITEM}]" for n in _LISTS)]) + _RECORD


def read(entries: Mapping[str, Entry], tell: Callable[[str], None]) -> list[Known]:
    """The packages of the rpm database among *entries*; *tell* is told why they can't be had."""
    paths = (f"{place}/{name}" for place in PLACES for name in _NAMES)
    path = next((path for path in paths if path in entries and entries[path].data), "")
    if not path:
        return []
    if path.endswith(f"/{sqlite.NAME}"):
        return _of_sqlite(path, entries, tell)
    if shutil.which("rpm") is None:
        tell("the packages of the image's rpm database are not known: install rpm")
        return []
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, os.path.basename(path)), "wb") as file:
            file.write(entries[path].data)
        argv = ("rpm", "--dbpath", directory, "-qa", "--queryformat", _QUERY)
        done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        tell(f"rpm can't read the image's database: {done.stderr.decode(errors='replace').strip()}")
    records = done.stdout.decode(errors="surrogateescape").split(_RECORD)[:-1]
    return [_known(each) for each in records if not each.startswith(f"gpg-pubkey{_FIELD}")]


def _of_sqlite(path: str, entries: Mapping[str, Entry], tell: Callable[[str], None]) -> list[Known]:
    folder = path.removesuffix(sqlite.NAME)
    there = {name: entries[folder + name].data for name in sqlite.READ if folder + name in entries}
    try:
        headers = map(
            stored.read, sqlite.read({name: data for name, data in there.items() if data}).stored.values()
        )
        return [_told(header) for header in headers if header.text(_NAME) != "gpg-pubkey"]
    except ValueError as error:
        tell(f"the rpm database of the image is damaged: {error}")
    except SdkError as error:
        tell(error.what)
    return []


def _told(header: Header) -> Known:
    """
    :raises ValueError: When the header is damaged.
    """
    epoch = header.number(_EPOCH)
    version = f"{epoch}:" * bool(epoch) + f"{header.text(_VERSION)}-{header.text(_RELEASE)}"
    one = (header.text(tag) for tag in (_ARCHITECTURE, _SOURCE, _LICENSE, _HOMEPAGE, _SUMMARY))
    paths = [file.path for file in files(header)]
    return _package(
        [header.text(_NAME), version, *one], [header.texts(_REQUIRES), header.texts(_PROVIDES), paths]
    )


def _known(record: str) -> Known:
    fields = ["" if each == "(none)" else each for each in record.split(_FIELD)]
    return _package(fields[:7], [each.split(_ITEM)[:-1] for each in fields[7:]])


def _package(one: Sequence[str], lists: Iterable[Iterable[str]]) -> Known:
    name, version, architecture, source, license, homepage, summary = one
    requires, provides, paths = map(tuple, lists)
    component = Component(
        name,
        version,
        architecture,
        "rpm",
        "-".join(source.split("-")[:-2]),  # NAME-VERSION-RELEASE.src.rpm
        license=license,
        homepage=homepage,
        summary=summary,
        files=paths,
    )
    return Known(component, tuple((each,) for each in requires), (*provides, *paths))
