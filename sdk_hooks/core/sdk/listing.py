"""Lists directories as they look under pseudo: `python3 -m sdk_hooks.core.sdk.listing DIR...`.

Runs as a child of pseudo, and prints a list of entries for each directory with marshal: both ends are the
same Python.
"""

from __future__ import annotations

import marshal
import sys

from sdk_hooks.core.files import scan


def main() -> None:
    found = [[tuple(entry) for entry in scan.tree(top, exact=True)] for top in sys.argv[1:]]
    marshal.dump(found, sys.stdout.buffer)


if __name__ == "__main__":
    main()
