"""Packages of an image with an rpm database, which only rpm itself reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.known import Known
from sdk_hooks.core.files.fileset import Entry

PLACES = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_NAMES = ("rpmdb.sqlite", "Packages.db", "Packages")
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


def _known(record: str) -> Known:
    fields = ["" if each == "(none)" else each for each in record.split(_FIELD)]
    name, version, architecture, source, license, homepage, summary = fields[:7]
    requires, provides, files = (tuple(each.split(_ITEM)[:-1]) for each in fields[7:])
    component = Component(
        name,
        version,
        architecture,
        "rpm",
        "-".join(source.split("-")[:-2]),  # NAME-VERSION-RELEASE.src.rpm
        license=license,
        homepage=homepage,
        summary=summary,
        files=files,
    )
    return Known(component, tuple((each,) for each in requires), (*provides, *files))
