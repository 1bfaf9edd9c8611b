"""Repositories of rpm packages: what is listed, what is chosen, and why they are trusted."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import feed, pool, solve, store
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package, Relation
from sdk_hooks.target import Platform
from sdk_hooks.tunes import architectures

from .helpers import fails
from .rpmmaker import File, repository, rpm, write_repodata
from .test_feeds_http import Served, served
from .test_feeds_packages import Quiet

__all__ = ["served"]
FORM = load().package_formats()["rpm"]
AMD64 = Platform("amd64")


def opened(directory: Path | str, **said: object) -> Pool:
    place = feed.Feed(str(directory), **said)  # type: ignore[arg-type]  # fields by name
    return pool.read([place], load().package_formats(), AMD64, pytest.fail)


def solved(found: Pool, *names: str, recommends: bool = False) -> list[str]:
    return [str(package) for package in solve.solve(found, map(wanted, names), recommends).packages]


Made = Callable[..., Pool]


@pytest.fixture(params=["index", "no index"])
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Made:
    """The packages of a repository: by `NAME` or `NAME_vVERSION` what they require, or all of their relations."""

    def of(**packages: Sequence[str] | dict[str, Sequence[str]]) -> Pool:
        for text, relations in packages.items():
            name, _, version = text.partition("_v")
            more = relations if isinstance(relations, dict) else {"requires": relations}
            rpm(tmp_path, name, version=version.replace("_", ".") or "1.0", **more)  # type: ignore[arg-type]
        return opened(repository(tmp_path, FORM) if request.param == "index" else tmp_path)

    return of


def test_a_package_is_what_its_record_says(tmp_path: Path) -> None:
    more = {"requires": ["a >= 2", "rpmlib(RichDependencies) <= 4.12.0-1", "(b or c)", "(d if e)"], "provides": ["virtual"], "recommends": ["(n or m)", "(o if p)"],
            "conflicts": ["old < 3"], "obsoletes": ["older <= 1:2-3"]}  # fmt: skip
    rpm(
        tmp_path,
        "app",
        File("/usr/bin/app", b"x"),
        File("/usr/share/a&b<c>"),
        epoch=3,
        release="2.fc40",
        source="the-app-1-1.src.rpm",
        **more,
    )
    [found] = opened(tmp_path).named("app")

    assert found == Package(
        "app", "3:1.0-2.fc40", "noarch", "app-1.0-2.fc40.noarch.rpm", found.size, found.digest,
        depends=((Relation("a", ">=", "2"),), (Relation("b"), Relation("c"))),
        conditions=(((Relation("e"),), (Relation("d"),)),),  # type: ignore[arg-type]  # equal to it
        recommends=((Relation("n"), Relation("m")),),
        conflicts=(Relation("old", "<<", "3"),),
        provides=(Relation("app", "=", "3:1.0-2.fc40"), Relation("virtual"), Relation("/usr/bin/app"), Relation("/usr/share/a&b<c>")),
        obsoletes=(Relation("older", "<=", "1:2-3"),),
        source="the-app", installed_size=1, license="MIT", summary="the app",
    )  # fmt: skip
    assert opened(repository(tmp_path, FORM)).named("/usr/bin/app") == [
        found.__class__(**{**vars(found), "provides": found.provides[:3]})
    ]


def test_what_is_needed_comes_first(made: Made) -> None:
    found = made(
        app=["lib >= 1.0", "/usr/bin/tool"],
        lib=["base"],
        tool={"provides": ["/usr/bin/tool"]},
        base=[],
        other=[],
    )
    assert solved(found, "app") == ["base 1.0-1", "lib 1.0-1", "tool 1.0-1", "app 1.0-1"]


@pytest.mark.parametrize(("packages", "names", "chosen"), [
    ({"app": ["(a or b)"], "a": ["gone"], "b": []}, ["app"], ["b", "app"]),
    ({"app": ["(a if b)"], "a": [], "b": []}, ["app"], ["app"]),
    ({"app": ["(a if b)", "b"], "a": [], "b": []}, ["app"], ["a", "b", "app"]),
    ({"app": ["(lib >= 1 with lib < 2)"], "lib_v1_5": [], "lib_v2_5": []}, ["app"], ["lib", "app"]),
    ({"app": ["mta"], "zmta": {"provides": ["mta"]}, "amta": {"provides": ["mta"]}}, ["app"], ["amta", "app"]),
    ({"app": ["mta"], "zmta": {"provides": ["mta = 2"]}, "amta": {"provides": ["mta = 1"]}}, ["app"], ["zmta", "app"]),
    ({"app": ["mta", "zmta"], "zmta": {"provides": ["mta"]}, "amta": {"provides": ["mta"]}}, ["app"], ["zmta", "app"]),
    ({"old": [], "new": {"obsoletes": ["old < 2"], "provides": ["old = 2"]}}, ["old"], ["new"]),
    ({"old": [], "new": {"obsoletes": ["old < 2"], "provides": ["old = 2"]}, "app": ["old"]}, ["app"], ["new", "app"]),
    ({"old_v3": [], "new": {"obsoletes": ["old < 2"], "provides": ["old = 2"]}}, ["old"], ["old"]),
    ({"app": {"provides": ["x"], "conflicts": ["x"]}}, ["app"], ["app"]),
    ({"app": ["(a without b)"], "aa": {"provides": ["a", "b"]}, "zz": {"provides": ["a"]}}, ["app"], ["zz", "app"]),
    ({"app": ["(a unless b)"], "a": [], "b": []}, ["app"], ["a", "app"]),
    ({"app": ["(a unless b)", "mta"], "a": [], "b": {"provides": ["mta"]}, "c": {"provides": ["mta"]}}, ["app"], ["a", "c", "app"]),
    ({"app": ["b", "(a unless b else c)"], "a": [], "b": [], "c": []}, ["app"], ["b", "c", "app"]),
    ({"app": {"conflicts": ["(a and b)"]}, "a": [], "b": []}, ["app", "a"], ["a", "app"]),
    ({"app": {"conflicts": ["(a unless b)"]}, "a": [], "b": []}, ["app", "a"], ["a", "b", "app"]),
])  # fmt: skip
def test_what_is_chosen(
    made: Made, packages: dict[str, list[str]], names: list[str], chosen: list[str]
) -> None:
    assert [text.split()[0] for text in solved(made(**packages), *names)] == chosen


NOT = "the packages can't be installed together [unsatisfiable]\n  {}\n  hint: another version, or another feed?"


@pytest.mark.parametrize(("packages", "names", "why"), [
    ({"app": ["lib >= 2"], "lib_v1_4": []}, ["app"], "app needs lib (>= 2), the feed has lib 1.4-1"),
    ({"app": ["/usr/bin/perl"]}, ["app"], "app needs /usr/bin/perl, the feed has nothing of that name"),
    ({"app": ["(a unless b)"], "a": [], "b": []}, ["app", "b"], "you want b, b 1.0-1 can't be beside app 1.0-1"),
    ({"app": ["(a xor b)"]}, ["app"], "you want app, app 1.0-1 needs '(a xor b)', which can't be followed"),
    ({"app": {"requires": ["(a unless b)"], "provides": ["b"]}, "a": []}, ["app"], "app can't be beside b"),
    ({"app": ["(a without b)"], "a": {"provides": ["b"]}}, ["app"], "app needs a without b, the feed has a 1.0-1"),
    ({"app": ["rpmlib(Teleport) <= 9"]}, ["app"], "you want app, app 1.0-1 needs 'rpmlib(Teleport)', which is not known here"),
    ({"app": {"conflicts": ["(a xor b)"]}}, ["app"], "you want app, app 1.0-1 can't be beside '(a xor b)', which can't be followed"),
    ({"app": {"obsoletes": ["(a and b)"]}}, ["app"], "you want app, app 1.0-1 can't be beside '(a and b)', which can't be followed"),
    ({"app": {"conflicts": ["(a and b)"]}, "a": [], "b": []}, ["app", "a", "b"], "app can't be beside a and b together"),
    ({"app": {"conflicts": ["b < 2"]}, "b": []}, ["app", "b"], "you want b, b 1.0-1 can't be beside app 1.0-1"),
    ({"new": {"obsoletes": ["old < 2"]}, "old": []}, ["new", "old"], "you want old, old 1.0-1 can't be beside new 1.0-1"),
    ({"app": ["(x >= 2 with x < 3)"], "x": []}, ["app"], "app needs x (>= 2) with x (<< 3), the feed has x 1.0-1"),
])  # fmt: skip
def test_what_can_not_be_is_explained(
    made: Made, packages: dict[str, list[str]], names: list[str], why: str
) -> None:
    with fails(NOT.format(why)):
        solved(made(**packages), *names)


def test_recommended_packages_only_when_asked(made: Made) -> None:
    found = made(app={"recommends": ["nice", "gone"]}, nice=[])
    assert solved(found, "app") == ["app 1.0-1"]
    assert solved(found, "app", recommends=True) == ["nice 1.0-1", "app 1.0-1"]


def test_a_conflict_with_a_file_that_only_the_longer_list_has(tmp_path: Path) -> None:
    rpm(tmp_path, "app", conflicts=["/usr/share/x"])
    rpm(tmp_path, "x", File("/usr/share/x", b"x"))
    for names, why in (
        (["app", "x"], "you want x, x 1.0-1 can't be beside app 1.0-1"),
        (["x", "app"], "you want app, app 1.0-1 can't be beside x 1.0-1"),
    ):
        with fails(NOT.format(why)):
            solved(opened(repository(tmp_path, FORM)), *names)


def test_the_longer_list_is_fetched_only_when_a_file_is_nowhere_else(served: Served) -> None:
    url, top, asked = served
    rpm(top, "app", requires=["/usr/bin/tool", "/usr/share/data"])
    rpm(top, "plain", requires=["/usr/bin/tool"])
    rpm(top, "tool", File("/usr/bin/tool", b"x"))
    rpm(top, "data", File("/usr/share/data", b"x"))
    found = opened(repository(top, FORM) and url, trusted=True)

    assert solved(found, "plain") == ["tool 1.0-1", "plain 1.0-1"]
    assert not any("filelists" in line for line in asked)
    assert solved(found, "app") == ["data 1.0-1", "tool 1.0-1", "app 1.0-1"]
    assert any("filelists" in line for line in asked)
    assert [have.content.entries[0].path for have in store.bring(found, found.named("data"), Quiet())] == [
        "usr/share/data"
    ]  # type: ignore[arg-type]  # only steps are told


@pytest.mark.parametrize(("name", "meant"), [
    ("x86_64", ("amd64",)), ("core2_64", ("amd64",)), ("corei7_64", ("amd64",)), ("qemux86_64", ("amd64",)), ("i686", ("386",)), ("aarch64", ("arm64",)),
    ("cortexa57", ("arm64",)), ("cortexa72_cortexa53", ("arm64",)), ("cortexa9hf_neon", ("arm",)), ("armv8a_crc", ("arm64",)), ("armv7hl", ("arm",)), ("armv7ahf_vfp", ("arm",)), ("armv7at2hf_neon", ("arm",)),
    ("cortexa7t2hf_neon_vfpv4", ("arm",)), ("ppc64le", ("ppc64le",)), ("s390x", ("s390x",)), ("riscv64", ("riscv64",)), ("noarch", ()), ("lab_board", ()),
])  # fmt: skip
def test_architectures_are_told_by_their_names(name: str, meant: tuple[str, ...]) -> None:
    assert architectures(name) == meant
    package = Package("x", "1", name, "x.rpm")
    assert FORM.fits(package, Platform("amd64")) is (not meant or meant == ("amd64",))


BAD = {
    "xml": (lambda text: text[:-20], "it is no XML: unclosed token: line 2, column "),
    "dtd": (lambda text: text.replace("<repomd", '<!DOCTYPE x [<!ENTITY a "b">]><repomd'), "it has a DTD"),
    "outside": (lambda text: text.replace('href="repodata/', 'href="../'), "its primary is at '../"),
    "elsewhere": (
        lambda text: text.replace('href="repodata/', 'href="http://x/'),
        "its primary is at 'http://x/",
    ),
    "checksum": (
        lambda text: text.replace('type="sha256"', 'type="crc"'),
        "its checksum of primary is 'crc:",
    ),
    "path": (
        lambda text: re.sub(r">\w{64}<", ">../../x<", text),
        "its checksum of primary is 'sha256:../../x'",
    ),
    "primary": (lambda text: text.replace('"primary"', '"other"'), "it has no primary"),
    "gone": (lambda text: text.replace("primary.xml.gz", "second.xml.gz"), "there is no 'repodata/"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_repomd_is_refused(tmp_path: Path, kind: str) -> None:
    change, why = BAD[kind]
    rpm(tmp_path, "app")
    path = repository(tmp_path, FORM) / "repodata" / "repomd.xml"
    path.write_text(change(path.read_text()))

    with pytest.raises(SdkError) as caught:
        opened(tmp_path)
    assert str(caught.value).startswith(f"the repomd.xml of the feed is damaged [bad-feed]\n  {why}")
    assert str(caught.value).endswith("\n  hint: make it again")


def test_a_list_that_is_not_what_repomd_says_is_refused(tmp_path: Path) -> None:
    rpm(tmp_path, "app")
    [path] = (repository(tmp_path, FORM) / "repodata").glob("*primary.xml.gz")
    path.write_bytes(path.read_bytes()[:-3])

    with pytest.raises(SdkError, match=r"is not what the feed's index says \[wrong-hash\]\n  it has sha256:"):
        opened(tmp_path)


PACKAGE = '<package type="rpm"><name>app</name><arch>{arch}</arch><version epoch="0" ver="1" rel="1"/><checksum type="{kind}">{digest}</checksum>' \
          '<size package="{size}"/><location href="{path}"/><format></format></package>'  # fmt: skip
GOOD = {"arch": "noarch", "kind": "sha256", "digest": "0" * 64, "size": "1", "path": "app.rpm"}


@pytest.mark.parametrize(("wrong", "why"), [
    ({"size": "many"}, "its size is 'many', not a number"), ({"digest": "../../x"}, "'sha256:../../x' is no digest"), ({"arch": ""}, "it has no name, version or architecture"),
    ({"path": '"'}, "it is no XML: not well-formed (invalid token): line 1, column 262"), ({"arch": "&boom;"}, "it is no XML: undefined entity: line 1, column 78"),
])  # fmt: skip
def test_a_damaged_list_is_refused(tmp_path: Path, wrong: dict[str, str], why: str) -> None:
    write_repodata(tmp_path, {"primary": f"<metadata>{PACKAGE.format(**GOOD | wrong)}</metadata>"})
    with pytest.raises(SdkError) as caught:
        solved(opened(tmp_path), "app")
    assert str(caught.value).endswith(f"{why}\n  hint: make it again")


@pytest.mark.parametrize("path", ["../app.rpm", "/etc/app.rpm", "http://elsewhere.example/app.rpm"])
def test_a_repository_names_no_files_outside_of_itself(tmp_path: Path, path: str) -> None:
    write_repodata(tmp_path, {"primary": f"<metadata>{PACKAGE.format(**GOOD | {'path': path})}</metadata>"})
    found = opened(tmp_path)
    with fails(
        f"the feed '{tmp_path}' has 'app' outside of itself [bad-feed]\n  at '{path}'\n  hint: make its index again"
    ):
        store.bring(found, found.named("app"), Quiet())  # type: ignore[arg-type]  # only steps are told
