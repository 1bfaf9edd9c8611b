"""The shell texts that run on targets, kept as files of this package."""

from __future__ import annotations

from importlib.resources import files

from sdk_hooks.target import Script


def script(name: str, **values: str) -> Script:
    """The text of the file *name* as it goes over the link: each @KEY@ replaced by a value.

    Without comments and indentation: some of them are the larger part of what a deployment sends.
    """
    lines = (
        files("sdk_hooks.core.deploy").joinpath(name).read_text(encoding="utf-8").splitlines(keepends=True)
    )
    text = "".join(line.lstrip("\t") for line in lines if line.strip() and not line.lstrip().startswith("#"))
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def state_directory() -> Script:
    """Commands that set PATH and STATE, where deployments are kept: root's or a user's own."""
    return script("state.sh")
