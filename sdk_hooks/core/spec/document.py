"""Reads a YAML file as nodes that know their place in it."""

from __future__ import annotations

from pathlib import Path

import yaml

from sdk_hooks.core.spec.kinds import SpecError


def document(path: Path) -> yaml.Node | None:
    """The root of the file at *path*; None when there is nothing in it.

    :raises SpecError: With file, line and column of what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"can't read '{path}'", detail=error.strerror or "") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"'{path}' is not UTF-8 text", detail=str(error)) from error

    class Loader(yaml.SafeLoader):
        """Gives its marks the file's name."""

        def __init__(self, stream: str) -> None:
            super().__init__(stream)
            self.name = str(path)

    try:
        node: yaml.Node | None = yaml.compose(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SpecError(f"{place}: {error.problem or 'not valid YAML'}") from error
    except RecursionError as error:
        raise SpecError(f"{path}: it is nested too deeply") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{path}: {str(error).splitlines()[0]}") from error
    return node
