"""Options of `container-build` that are about packages out of feeds."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--install", action="append", metavar="PACKAGE", help="package of a feed, with what it needs (A,B,C)"
    )
    parser.add_argument(
        "--feed", action="append", help="'URL [SUITE COMPONENT...] [key=FILE] [trusted=yes]', or a directory"
    )
    parser.add_argument("--recommends", action="store_true", default=None, help="also what they recommend")
    parser.add_argument(
        "--setuid",
        action="append",
        metavar="PATH",
        help="program that may have its owner's rights, or capabilities; none: take them away",
    )
    parser.add_argument("--run-scripts", action="append", metavar="PACKAGE",
                        help="run the scripts of this package for real, which are else followed")  # fmt: skip
    parser.add_argument("--skip-scripts", action="append", metavar="PACKAGE",
                        help="leave out the scripts of this package")  # fmt: skip
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="GLOB",
        help="leave out these paths of packages; with ! not these",
    )
    parser.add_argument("--package-database", action="store_true", default=None,
                        help="let dpkg, opkg or rpm in the image know its packages")  # fmt: skip
