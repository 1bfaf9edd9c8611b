"""Writes generated files into a directory where people change them, and keeps what they changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sdk_hooks.core.k8s import filechanges, linemerge, merge, yamlfiles
from sdk_hooks.core.k8s.merge import MISSING
from sdk_hooks.errors import SdkError

STATE = ".devtool-containers.json"
"""Remembers, in the directory itself, what was generated."""


@dataclass(frozen=True)
class Generated:
    """What a file is to be."""

    text: str
    once: bool = False
    """Whether it is the person's own from then on."""
    secret: bool = False
    """Whether nobody else may read it; then only its digest is remembered."""
    template: bool = False
    """Whether it becomes YAML only when something has put its values in."""

    @property
    def record(self) -> dict[str, Any]:
        """What is remembered of it: by lines, as the directory may be under version control."""
        known = not self.once and not self.secret
        return {
            "sha256": _digest(self.text),
            **({"once": True} if self.once else {}),
            **({"lines": self.text.splitlines(keepends=True)} if known else {}),
        }


class Done(NamedTuple):
    """What happens to a file: written, updated, merged, kept, left out, removed or unchanged."""

    path: str
    result: str


@dataclass
class Plan:
    """What is to be done to a directory; nothing was yet."""

    directory: Path
    state: dict[str, Any]
    """What will be remembered."""
    done: list[Done]
    texts: dict[str, str | None]
    """New contents by path; None for a file that goes."""
    private: frozenset[str]
    remarks: list[str]
    """For the person."""

    @property
    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What is to be written, by path; what is remembered comes last."""
        for path, text in self.texts.items():
            yield path, None if text is None else text.encode()
        yield STATE, f"{_json(self.state)}\n".encode()


class _Clash(NamedTuple):
    """What both sides changed in a file."""

    path: str
    field: str
    told: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.field}{self.told}"


def removed(directory: Path) -> set[str]:
    """Paths of what was generated into *directory*, and somebody removed from there.

    :raises SdkError: When it can't be read what was generated.
    """
    return {path for path in _state(directory) if not (directory / path).exists()}


def write(found: Plan) -> None:
    """Do what was planned.

    :raises SdkError: When that can't be done. Then all is as it was.
    """
    if found.texts or f"{_json(found.state)}\n" != _read(found.directory / STATE):
        filechanges.write(found.directory, found.changes, found.private)


def plan(directory: Path, files: Mapping[str, Generated]) -> Plan:
    """Find out what generating *files* into *directory* comes to.

    :param files: By path in the directory.
    :raises SdkError: With file and field when both sides changed it, or a file is not ours.
    """
    before = _state(directory)
    if before and _kind(before) != _kind(files):
        raise SdkError(
            f"'{directory}' has {_kind(before)}, and not {_kind(files)}",
            hint="choose another directory",
            code="not-ours",
        )
    private = frozenset(path for path, file in files.items() if file.secret)
    found = Plan(directory, {}, [], {}, private, [])
    clashes: list[_Clash] = []
    for path, file in files.items():
        there = _read(directory / path)
        result = _decide(found, path, file, before.get(path), there, clashes)
        found.done.append(Done(path, result))
        kept = path in before and (result == "left out" or (file.once and result == "kept"))
        found.state[path] = before[path] if kept else file.record
    if clashes:
        raise _both(directory, clashes)
    for path in before:
        if path not in files:
            _forget(found, path, before[path])
    return found


def _kind(paths: Collection[str]) -> str:
    """What a directory with *paths* is."""
    if "Chart.yaml" in paths:
        return "a chart"
    return "a base with overlays" if "base/kustomization.yaml" in paths else "manifests"


def _decide(
    found: Plan, path: str, file: Generated, record: Mapping[str, Any] | None, there: str | None,
    clashes: list[_Clash],
) -> str:  # fmt: skip
    """What happens to one file that is generated."""
    if there is None:
        if record is not None:
            return "left out"
        found.texts[path] = file.text
        return "written"
    if there == file.text:
        return "unchanged"
    if file.once and (record is None or _digest(there) != record["sha256"]):
        return "kept"
    if record is None:
        raise SdkError(
            f"'{found.directory / path}' is there already, and was not written by k8s-deploy",
            hint="choose another directory, or move it away",
            code="not-ours",
        )
    if _digest(there) == record["sha256"]:
        found.texts[path] = file.text
        return "updated"
    if record["sha256"] == _digest(file.text):
        return "kept"
    merged = _merged(found, path, file, "".join(record.get("lines", ())), there, clashes)
    if merged != there:
        found.texts[path] = merged
    return "merged" if merged != there else "kept"


def _forget(found: Plan, path: str, record: Mapping[str, Any]) -> None:
    """What happens to a file that is no longer generated."""
    there = _read(found.directory / path)
    if there is None:
        return
    if _digest(there) == record["sha256"]:
        found.texts[path] = None
        found.done.append(Done(path, "removed"))
        return
    found.state[path] = dict(record)
    where = " and what names it in the kustomization.yaml beside it" if record.get("once") else ""
    remark = f"'{found.directory / path}' was changed there, and is of no more use: remove it{where}"
    found.remarks.append(remark)


def _merged(
    found: Plan, path: str, file: Generated, before: str, there: str, clashes: list[_Clash]
) -> str:  # fmt: skip
    """*there* with what is new in *file*; what is changed on both sides is added to *clashes*."""
    if not before:
        clashes.append(_Clash(path, "all of it"))
        return there
    name = str(found.directory / path)
    trees = [_trees(text, name, template=file.template) for text in (before, there, file.text)]
    if any(each is None for each in trees):
        text = linemerge.merge(before, there, file.text, careful=True)
        if text is None:
            clashes.append(_Clash(path, "a line"))
        return text or there
    wanted, both = merge.merge(*trees)
    clashes += [_Clash(path, each.field.lstrip("."), _told(each)) for each in both]
    text = linemerge.merge(before, there, file.text, careful=False)
    if both or (text is not None and _is(text, wanted, path, file)):
        return text or there
    if file.template:
        clashes.append(_Clash(path, "a line"))
        return there
    if "#" in there:
        found.remarks.append(f"'{found.directory / path}' is written anew: comments in it are lost")
    return "---\n".join(yamlfiles.dump(each) for each in wanted.values())


def _is(text: str, wanted: Any, path: str, file: Generated) -> bool:
    """Whether *text* says what it should: lines that fit together may still make no sense."""
    try:
        found = _trees(text, path, template=file.template)
    except SdkError:
        return False
    return found is not None and merge.same(found, wanted)


def _trees(text: str, path: str, *, template: bool) -> dict[str, Any] | None:
    """The documents in *text* by their number; None for a template that is not like YAML.

    :raises SdkError: When it is no YAML, with the place.
    """
    try:
        found = yamlfiles.documents(_plain(text) if template else text, path)
    except SdkError:
        if template:
            return None
        raise
    return {f"document {number}" if number else "": each for number, each in enumerate(found)}


def _plain(text: str) -> str:
    """A template as YAML: what is between braces as texts, lines of flow control as comments."""
    lines = []
    for line in text.splitlines(keepends=True):
        word = line.strip().removeprefix("{{").lstrip("- ").partition(" ")[0]
        control = line.lstrip().startswith("{{") and word in ("if", "else", "end", "with", "range", "define")
        lines.append(f"#{line}" if control else line.replace("{{", "\u27e6").replace("}}", "\u27e7"))
    return "".join(lines)


def _told(clash: merge.Clash) -> str:
    before, theirs, ours = (_value(each) for each in clash[1:])
    return f" is {theirs} there and {ours} now, and was {before}"


def _value(value: Any) -> str:
    text = "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _both(directory: Path, clashes: list[_Clash]) -> SdkError:
    first = clashes[0]
    more = f", and {len(clashes) - 1} more" if len(clashes) > 1 else ""
    return SdkError(
        f"'{directory / first.path}': {first.field} was changed there, and also in what is generated{more}",
        detail="\n".join(map(str, clashes)),
        hint="write the new value there; what is to differ goes into an overlay or other values",
        code="both-changed",
    )


def _state(directory: Path) -> dict[str, Any]:
    path = directory / STATE
    text = _read(path)
    try:
        found = json.loads(text)["files"] if text is not None else {}
        for record in found.values():
            record["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SdkError(
            f"'{path}' can't be read",
            detail=str(error),
            hint="fetch it from version control, or choose another directory",
            code="bad-state",
        ) from error
    return dict(found)


def _read(path: Path) -> str | None:
    """
    :raises SdkError: When it is there, and not a text.
    """
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SdkError(f"'{path}' can't be read", detail=detail, code="unreadable") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _json(state: Mapping[str, Any]) -> str:
    return json.dumps({"version": 1, "files": state}, indent=1, sort_keys=True, ensure_ascii=False)
