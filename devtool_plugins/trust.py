"""Options that say which key signs images, and which one they have to be signed by."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdk_hooks.core.bom.openssl import PrivateKey
    from sdk_hooks.core.ui import Ui
    from sdk_hooks.image import Image

SIGN, VERIFY = "CONTAINER_SIGN", "CONTAINER_VERIFY"
"""Variables of the environment that say the same as the options."""


def add_sign(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sign",
        metavar="KEY",
        help=f"sign with this private key, a PEM file of ECDSA P-256 (default: ${SIGN}); "
        "its passphrase is that of $COSIGN_PASSWORD",
    )


def add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verify",
        metavar="KEY",
        help=f"refuse an image that the key of this public key has not signed (default: ${VERIFY})",
    )


def private_key(args: argparse.Namespace) -> PrivateKey | None:
    """The key of --sign.

    :raises SdkError: When it can't be used.
    """
    place = args.sign or os.environ.get(SIGN)
    if not place:
        return None
    from sdk_hooks.core.bom import openssl

    return openssl.private_key(Path(place))


def check(args: argparse.Namespace, images: Iterable[Image], ui: Ui) -> None:
    """Check *images* by the key of --verify.

    :raises SdkError: When it can't be used, or has not signed one of them.
    """
    place = args.verify or os.environ.get(VERIFY)
    if not place:
        return
    from sdk_hooks.core.bom import openssl, signature

    public = openssl.public_key(Path(place))
    for image in {(each.layout, each.digest): each for each in images}.values():
        signature.verify(image, Path(place), public)
        ui.step(f"{image.name} is signed by the key '{place}'")


def refuse_rollback(args: argparse.Namespace) -> None:
    """Refuse to verify what is no longer here.

    :raises UsageError: When the command line asks for it.
    """
    if args.verify:
        from sdk_hooks.errors import UsageError

        what = "--verify can't check what --rollback goes back to: it is on the target only"
        raise UsageError(what, hint="leave it out: it was checked when it was deployed")
