"""Licences in the words of OE, Debian and Fedora as SPDX expressions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing

from sdk_hooks.core.bom import licenses as module
from sdk_hooks.core.bom.copyright import license_of, licenses
from sdk_hooks.core.bom.licenses import expression
from sdk_hooks.core.files.fileset import SYMLINK, Entry

from .helpers import file

OFFICIAL = get_spdx_licensing()


@pytest.mark.parametrize(
    ("said", "spdx"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("GPL-2.0-only & MIT", "GPL-2.0-only AND MIT"),
        ("MIT | Apache-2.0", "MIT OR Apache-2.0"),
        ("(GPL-2.0-or-later | BSD-3-Clause) & MIT", "(GPL-2.0-or-later OR BSD-3-Clause) AND MIT"),
        ("MIT & ((ISC))", "MIT AND ISC"),
        ("MIT AND Zlib OR ISC", "MIT AND Zlib OR ISC"),
        ("MIT & MIT", "MIT"),
        ("GPLv2", "GPL-2.0-only"),
        ("GPLv2+ and LGPLv2.1", "GPL-2.0-or-later AND LGPL-2.1-only"),
        ("GPL-2+ or Artistic, and Expat", "(GPL-2.0-or-later OR Artistic-1.0-Perl) AND MIT"),
        ("AGPL-3.0", "AGPL-3.0-only"),
        ("LGPL-2.0+", "LGPL-2.0-or-later"),
        ("GFDL-1.3", "GFDL-1.3-only"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("MPL-1.1+", "LicenseRef-MPL-1.1-or-later"),
        ("MIT, ISC", "MIT AND ISC"),
        ("Artistic-2.0 WITH nothing", "LicenseRef-Artistic-2.0-WITH-nothing"),
        ("GPL-2.0-only WITH Linux-syscall-note", "GPL-2.0-only WITH Linux-syscall-note"),
        ("GPL-3+ with Bison exception", "GPL-3.0-or-later WITH Bison-exception-2.2"),
        ("Apache-2.0 with LLVM exception and MIT", "Apache-2.0 WITH LLVM-exception AND MIT"),
        ("GPL-3.0-with-GCC-exception", "GPL-3.0-only WITH GCC-exception-3.1"),
        ("GPL-3.0-with-some-exception", "LicenseRef-GPL-3.0-with-some-exception"),
        ("CLOSED", "LicenseRef-CLOSED"),
        ("LicenseRef-Ours", "LicenseRef-Ours"),
        ("Firmware-abc & MIT", "LicenseRef-Firmware-abc AND MIT"),
        ("GPL-9+", "LicenseRef-GPL-9-or-later"),
        ("Permission is granted to anybody", "LicenseRef-Permission-is-granted-to-anybody"),
        ("(MIT", "LicenseRef-MIT"),
        ("MIT &", "LicenseRef-MIT"),
        ("& MIT", "LicenseRef-MIT"),
        ("MIT) & (ISC", "LicenseRef-MIT-ISC"),
        ("()", "LicenseRef-unnamed"),
        ("(" * 5000 + "MIT" + ")" * 5000, "LicenseRef-MIT"),
        ("", ""),
        ("NOASSERTION", ""),
        ("Unknown", ""),
    ],
)
def test_what_a_package_says_of_its_licence_becomes_an_expression_of_spdx(said: str, spdx: str) -> None:
    found = expression(said)

    assert found.text == spdx
    assert all(reference in found.text for reference, _ in found.custom)
    unknown = OFFICIAL.validate(found.text).invalid_symbols if spdx else []
    assert set(unknown) <= {reference for reference, _ in found.custom}


def test_a_licence_that_spdx_does_not_know_keeps_what_it_was_called() -> None:
    assert expression("Vendor+EULA & MIT").custom == (("LicenseRef-Vendor-or-later-EULA", "Vendor+EULA"),)


def test_the_official_library_knows_each_name_of_our_list() -> None:
    raw = json.loads(Path(module.__file__).with_name("licenses.json").read_text())

    known = OFFICIAL.known_symbols
    assert [name for name in raw["licenses"] if name not in known or known[name].is_exception] == []
    assert [name for name in raw["exceptions"] if name not in known or not known[name].is_exception] == []
    assert len(raw["licenses"]) > 600


FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
COPYRIGHT = f"""\
{FORMAT}
Upstream-Name: x

Files: *
Copyright: 2001 A
License: GPL-2+ or Artistic

Files: lib/*
Copyright: 2002 B
License: Expat

Files: doc/*
License:
 Do what you like, but tell
 nobody.

Files: m4/*
License: Permission is hereby granted, free of charge
 to all.

License: GPL-2+
 On Debian systems the full text is in /usr/share/common-licenses.
"""


def test_licences_of_all_files_of_a_copyright_file() -> None:
    assert license_of(COPYRIGHT) == "(GPL-2+ or Artistic) and Expat and as-in-copyright-file"
    assert expression(license_of(COPYRIGHT)).text == (
        "(GPL-2.0-or-later OR Artistic-1.0-Perl) AND MIT AND LicenseRef-as-in-copyright-file"
    )


def test_one_licence_needs_no_parentheses() -> None:
    assert license_of(f"{FORMAT}\n\nFiles: *\nLicense: MIT or GPL-2\n") == "MIT or GPL-2"


def test_what_several_files_have_is_told_once() -> None:
    text = f"{FORMAT}\n\nFiles: a\nLicense: BSD, and Expat\n\nFiles: b\nLicense: Expat and ISC\n"
    assert license_of(text) == "BSD and Expat and ISC"


def test_no_line_takes_long_to_read() -> None:
    line = "a with x exception and " * 200 + "!"
    assert license_of(f"{FORMAT}\n\nFiles: *\nLicense: {line}\n") == "as-in-copyright-file"


def test_a_copyright_file_for_people_says_nothing() -> None:
    assert license_of("This is GPL.\n\nLicense: GPL\n") == ""
    assert license_of("Format: 3.0 (quilt)\n\nFiles: *\nLicense: GPL\n") == ""
    assert license_of("") == ""


def test_documentation_may_be_a_link_to_that_of_another_package() -> None:
    doc = "usr/share/doc"
    text = file(f"{doc}/one/copyright", f"{FORMAT}\n\nFiles: *\nLicense: ISC\n".encode())
    link = Entry(f"{doc}/two", SYMLINK, 0o777, link="one")
    single = Entry(f"{doc}/three/copyright", SYMLINK, 0o777, link="../two/copyright")
    loop = Entry(f"{doc}/four", SYMLINK, 0o777, link="../doc/four")
    outside = Entry(f"{doc}/five", SYMLINK, 0o777, link="/etc/passwd")

    packages = {"one": [text], "two": [link], "three": [single], "four": [loop], "five": [outside], "six": []}
    assert licenses(packages) == {"one": "ISC", "two": "ISC", "three": "ISC"}
