"""The commands without devtool: `python -m devtool_plugins COMMAND`, and the script `devtool-containers`."""

import os
import signal
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as in the background
        signal.signal(signal.SIGINT, _at_once)  # nothing has begun: no traceback of what is loaded now
    from devtool_plugins import cli

    return cli.main(argv)


def _at_once(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
