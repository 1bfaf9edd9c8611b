"""Follows the scripts of packages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sdk_hooks.core.scripts import (
    accounts,
    caches,
    certificates,
    commands,
    conditions,
    copies,
    debconf,
    declared,
    files,
    inits,
    lookup,
    packaging,
    pam,
    real,
    runlevels,
    secrets,
    sed,
    sums,
    texts,
    units,
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
    units,
    caches,
    debconf,
    declared,
    pam,
    runlevels,
    secrets,
    sums,
    copies,
)
COMMANDS = {name: command for module in _MODULES for name, command in module.COMMANDS.items()}
COMMANDS["update-ca-certificates"] = certificates.command


_KNOWN = {("ca-certificates", "postinst"): certificates.update}
"""Scripts that are long, while what they do is short."""
_EPOCH = "1302044400"
"""`date`'s day, too: useradd writes the day into /etc/shadow."""


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
    variables = _variables(package, architecture, name)
    shell = Shell(root, [f"/var/lib/dpkg/info/{package}.{name}", *arguments], variables, commands=COMMANDS)
    if first.startswith("#!") and " -e" in first:
        shell.options.add("e")
    status = shell.run(text)
    if status:
        raise NotUnderstoodError(f"it ends with status {status}")


def really(
    root: Root,
    package: str,
    architecture: str,
    name: str,
    text: str,
    *arguments: str,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Do to *root* what a script of *package* does when the image's own programs run it.

    :param name: As for `follow`.
    :param beside: What debconf looks for beside the script, by the end of its name: `templates`, `config`.
    :raises SdkError: As `real.run`.
    """
    variables = {
        **_variables(package, architecture, name),
        "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_NONINTERACTIVE_SEEN": "true",
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": _EPOCH,
    }
    place = f"var/lib/dpkg/info/{package}" if beside else "tmp/.script"
    files = {f"{place}.{end}": data for end, data in beside.items()}
    real.run(root, package, text, arguments, variables, place=f"{place}.{name}", beside=files)


def _variables(package: str, architecture: str, name: str) -> dict[str, str]:
    return {
        "DPKG_MAINTSCRIPT_PACKAGE": package,
        "DPKG_MAINTSCRIPT_ARCH": architecture,
        "DPKG_MAINTSCRIPT_NAME": name,
        "DPKG_ROOT": "",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
    }
