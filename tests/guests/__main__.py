"""Boots a guest for who is at a shell: `python -m guests podman`; it ends when standard input does."""

import signal
import sys

from sdk_hooks.errors import SdkError

from . import Guest, Unavailable

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the machine ends with this
    try:
        with Guest(sys.argv[1]) as guest:
            print(guest.alias("root"), guest.ssh_config, guest.http, flush=True)
            sys.stdin.read()
    except (Unavailable, SdkError) as reason:
        sys.exit(f"the guest {sys.argv[1]!r} can't be had here: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
