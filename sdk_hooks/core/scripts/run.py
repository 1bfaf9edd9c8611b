"""Follows the scripts of packages."""

from __future__ import annotations

from sdk_hooks.core.scripts import (
    accounts,
    certificates,
    commands,
    conditions,
    debconf,
    declared,
    files,
    inits,
    lookup,
    packaging,
    pam,
    runlevels,
    secrets,
    sed,
    texts,
)
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import Shell

_MODULES = (
    commands,
    conditions,
    texts,
    sed,
    files,
    lookup,
    accounts,
    packaging,
    inits,
    debconf,
    declared,
    pam,
    runlevels,
    secrets,
)
COMMANDS = {name: command for module in _MODULES for name, command in module.COMMANDS.items()}
COMMANDS["update-ca-certificates"] = certificates.command


_KNOWN = {("ca-certificates", "postinst"): certificates.update}
"""Scripts that are long, while what they do is short."""


def follow(root: Root, package: str, architecture: str, name: str, text: str, *arguments: str) -> None:
    """Do to *root* what a script of *package* would do.

    :param name: `preinst` or `postinst`.
    :raises NotUnderstoodError: Saying what of it is not known here; *root* then has what came before.
    """
    if known := _KNOWN.get((package, name)):
        known(root)
        return
    first = text.partition("\n")[0]
    if first.startswith("#!") and not first.rstrip().endswith(
        ("/sh", "/sh -e", "/bash", "/bash -e", "/dash", "/sh -eu")
    ):
        raise NotUnderstoodError(f"it is a program for {first[2:].strip()!r}")
    variables = {
        "DPKG_MAINTSCRIPT_PACKAGE": package,
        "DPKG_MAINTSCRIPT_ARCH": architecture,
        "DPKG_MAINTSCRIPT_NAME": name,
        "DPKG_ROOT": "",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
    }
    shell = Shell(root, [f"/var/lib/dpkg/info/{package}.{name}", *arguments], variables, commands=COMMANDS)
    if first.startswith("#!") and " -e" in first:
        shell.options.add("e")
    status = shell.run(text)
    if status:
        raise NotUnderstoodError(f"it ends with status {status}")
