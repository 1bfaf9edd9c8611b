"""What packages of a repository need, and what they can't be beside: the entries of their primary.xml."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from sdk_hooks.core.rpm import rich
from sdk_hooks.packages import Alternatives, Condition, Relation

RPM = "{http://linux.duke.edu/metadata/rpm}"
_SIGNS = {"LT": "<<", "LE": "<=", "EQ": "=", "GE": ">=", "GT": ">>"}
_FEATURES = frozenset(
    [
        "BuiltinLuaScripts",
        "CaretInVersions",
        "CompressedFileNames",
        "ConcurrentAccess",
        "DynamicBuildRequires",
        "ExplicitPackageProvide",
        "FileCaps",
        "FileDigests",
        "HeaderLoadSortsTags",
        "HeaderTranslatedDescription",
        "LargeFiles",
        "PartialHardlinkSets",
        "PayloadFilesHavePrefix",
        "PayloadIsBzip2",
        "PayloadIsLzma",
        "PayloadIsXz",
        "PayloadIsZstd",
        "RichDependencies",
        "ScriptletExpansion",
        "ScriptletInterpreterArgs",
        "ShortCircuited",  # how OE builds them
        "TildeInVersions",
        "VersionedDependencies",
    ]
)
"""What packages may expect of rpm (`rpmlib(...)`) that is known here."""


class Needs(NamedTuple):
    """What a package needs, and what it can't be beside."""

    depends: tuple[Alternatives, ...]
    conditions: tuple[Condition, ...]
    conflicts: tuple[Relation, ...]
    problem: str
    """What of that is not known here; else empty."""


def entries(form: ElementTree.Element, kind: str) -> Iterator[Relation]:
    """Those of *kind*, such as `requires`; a boolean one has all of it as its name."""
    for element in form.iterfind(f"{RPM}{kind}/{RPM}entry"):
        sign = _SIGNS.get(element.get("flags", ""), "")
        yield Relation(element.get("name", ""), sign, version(element) if sign else "")


def relations(form: ElementTree.Element, kind: str) -> tuple[Relation, ...]:
    """Those of *kind* that are not boolean."""
    return tuple(each for each in entries(form, kind) if not each.name.startswith("("))


def version(element: ElementTree.Element) -> str:
    """What its attributes say: `epoch:version-release`."""
    epoch, release = element.get("epoch") or "0", element.get("rel")
    text = f"{element.get('ver', '')}-{release}" if release else element.get("ver", "")
    return text if epoch == "0" else f"{epoch}:{text}"


def needs(form: ElementTree.Element, own: Collection[str]) -> Needs:
    """
    :param own: The names that the package answers to.
    """
    needed, unknown = _required(form)
    against, unfollowed = _refused(form)
    # what the package is itself hinders it where a need says so, and never where a conflict does
    hindered = [each for each in needed if _is_conflict(each) and each.when[0].name not in own]
    hindered += filter(_is_conflict, against)
    rest = [each for each in (*needed, *against) if each not in hindered]
    return Needs(
        tuple(then for when, then in rest if not when),
        tuple(each for each in rest if each.when),
        (*relations(form, "conflicts"), *(each.when[0] for each in hindered)),
        unknown or unfollowed or _unfit(form),
    )


def recommends(form: ElementTree.Element) -> tuple[Alternatives, ...]:
    """Those that hold in any case: what is only recommended may be left out."""
    found: list[Alternatives] = []
    for each in entries(form, "recommends"):
        try:
            likely = rich.conditions(each.name) if each.name.startswith("(") else [Condition((), (each,))]
        except ValueError:
            continue
        found += [then for when, then in likely if not when]
    return tuple(found)


def _is_conflict(condition: Condition) -> bool:
    """Whether it is about one name, which must not be there."""
    return len(condition.when) == 1 and not condition.then


def _required(form: ElementTree.Element) -> tuple[list[Condition], str]:
    """What it needs, and what of it is not known here."""
    found: list[Condition] = []
    problem = ""
    for each in entries(form, "requires"):
        if each.name.startswith("rpmlib("):
            known = each.name[7:-1] in _FEATURES
            problem = problem or ("" if known else f"needs {each.name!r}, which is not known here")
        elif each.name.startswith("("):
            try:
                found += rich.conditions(each.name)
            except ValueError as error:
                problem = problem or str(error)
        else:
            found.append(Condition((), (each,)))
    return list(dict.fromkeys(found)), problem


def _refused(form: ElementTree.Element) -> tuple[list[Condition], str]:
    """What it can't be beside by more than a name, and what of it can't be read."""
    found: list[Condition] = []
    for each in (each for each in entries(form, "conflicts") if each.name.startswith("(")):
        try:
            found += rich.conditions(each.name, holds=False)
        except ValueError:
            return [], f"can't be beside {each.name!r}, which can't be followed"
    return found, ""


def _unfit(form: ElementTree.Element) -> str:
    """A package is obsoleted by its name."""
    bad = next((each.name for each in entries(form, "obsoletes") if each.name.startswith("(")), "")
    return f"can't be beside {bad!r}, which can't be followed" if bad else ""
