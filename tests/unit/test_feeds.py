"""Feeds: what their indexes say, and which packages what is asked for needs."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import functools
import gzip
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import feed, install, pool, solve, store
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.feeds.version import compare
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.deblike import clauses
from sdk_hooks.packages import Relation
from sdk_hooks.target import Platform

from .debmaker import deb, member
from .helpers import fails
from .test_feeds_packages import Quiet

AMD64 = Platform("amd64")
ORDER = ["0~", "0", "0a", "0.0", "1.0~rc1-1", "1.0~rc1-1.1", "1.0", "1.0-0.1", "1.0-1~", "1.0-1", "1.0-1a", "1.0-1+b1",
         "1.0+git2", "1.1", "1.9", "1.10", "1:0.1", "2:0~"]  # fmt: skip


def test_versions_are_ordered_as_dpkg_orders_them() -> None:
    assert sorted(sorted(ORDER), key=functools.cmp_to_key(compare)) == ORDER
    assert compare("1.0", "1.0-0") == compare("1.00", "1.0") == compare("0:1", "1") == 0


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed: apt-get install dpkg")
@pytest.mark.parametrize("one", ORDER)
def test_dpkg_is_of_the_same_opinion(one: str) -> None:
    for other in ORDER[::3]:
        real = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0
        assert (compare(one, other) < 0) == real


def test_relations_are_read_as_policy_has_them() -> None:
    assert clauses("libc6 (>= 2.36), a:any | b (<< 3) , c (= 1:2-3)") == (
        (Relation("libc6", ">=", "2.36"),),
        (Relation("a"), Relation("b", "<<", "3")),
        (Relation("c", "=", "1:2-3"),),
    )


@pytest.mark.parametrize(("text", "made"), [
    ("/srv/feed", feed.Feed("/srv/feed")),
    ("ipk http://a.example/all trusted=yes", feed.Feed("http://a.example/all", "ipk", trusted=True)),
    ("http://a.example/debian trixie main contrib key=k.asc archs=a,b",
     feed.Feed("http://a.example/debian", "", "trixie", ("main", "contrib"), "k.asc", archs=("a", "b"))),
    ("deb http://a.example/debian trixie main", feed.Feed("http://a.example/debian", "deb", "trixie", ("main",))),
    ("deb [arch=amd64 signed-by=/k.gpg] http://a.example/d trixie main",
     feed.Feed("http://a.example/d", "deb", "trixie", ("main",), "/k.gpg")),
    ("deb [trusted=yes] file:/srv/feed ./", feed.Feed("file:///srv/feed", "deb", trusted=True)),
    ("http://a.example/all /", feed.Feed("http://a.example/all")),
    ("src/gz oe-all http://a.example/all", feed.Feed("http://a.example/all", "ipk")),
])  # fmt: skip
def test_a_feed_is_one_line(text: str, made: feed.Feed) -> None:
    assert feed.parse(text) == made


def test_an_option_of_apt_that_means_nothing_here_is_refused() -> None:
    text = "deb [lang=de] http://a.example/d trixie main"
    with pytest.raises(ValueError, match="'lang' means nothing here: key=FILE and trusted=yes do"):
        feed.parse(text)


Made = Callable[..., Pool]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The packages of a directory: `NAME=VERSION` and their fields."""

    def of(**packages: str) -> Pool:
        for number, (name, fields) in enumerate(packages.items()):
            package, _, version = name.partition("_v")
            control = "".join(f"{line.strip()}\n" for line in fields.split(";") if line.strip())
            deb(tmp_path / str(number), package, version=version.replace("_", ".") or "1.0", control=control)
        return pool.read([feed.Feed(str(tmp_path))], load().package_formats(), AMD64, pytest.fail)

    return of


def solved(found: Pool, *names: str, recommends: bool = False) -> list[str]:
    return [str(package) for package in solve.solve(found, map(wanted, names), recommends).packages]


def test_what_is_needed_comes_first(made: Made) -> None:
    found = made(app="Depends: lib (>= 1.0), tool", lib="Depends: base", tool="", base="", other="")
    assert solved(found, "app") == ["base 1.0", "lib 1.0", "tool 1.0", "app 1.0"]


def test_the_newest_is_taken_unless_another_one_is_needed(made: Made) -> None:
    found = made(lib_v1_0="", lib_v2_0="", app="Depends: lib", old="Depends: lib (<< 2)")
    assert solved(found, "app") == ["lib 2.0", "app 1.0"]
    assert solved(found, "app", "old") == ["lib 1.0", "app 1.0", "old 1.0"]
    assert solved(found, "lib=1.0") == ["lib 1.0"]


def test_alternatives_provided_names_and_conflicts(made: Made) -> None:
    found = made(
        app="Depends: mta | no-such, awk",
        exim="Provides: mta; Conflicts: mawk; Priority: optional",
        postfix="Provides: mta; Priority: extra",
        mawk="Provides: awk; Priority: important",
        gawk="Provides: awk; Priority: optional",
    )
    assert solved(found, "app") == ["exim 1.0", "gawk 1.0", "app 1.0"]
    assert solved(found, "mawk", "app") == ["mawk 1.0", "postfix 1.0", "app 1.0"]


def test_what_only_an_old_version_provides_is_not_preferred(tmp_path: Path) -> None:
    """apt does not see it at all; here it is taken where nothing else will do."""
    deb(tmp_path, "a", version="1.0", control="Provides: mail\n")
    deb(tmp_path, "a", version="2.0")
    deb(tmp_path, "z", control="Provides: mail\n")
    deb(tmp_path, "app", control="Depends: mail\n")
    deb(tmp_path, "other", control="Depends: a (<< 2.0) | z\n")
    deb(tmp_path, "strict", control="Depends: a (<< 2.0)\n")
    found = pool.read([feed.Feed(str(tmp_path))], load().package_formats(), Platform("amd64"), pytest.fail)

    assert solved(found, "app") == ["z 1.0", "app 1.0"]
    assert solved(found, "other") == ["z 1.0", "other 1.0"]
    assert solved(found, "strict") == ["a 1.0", "strict 1.0"]


def test_a_package_may_conflict_with_the_name_that_it_provides(made: Made) -> None:
    found = made(exim="Provides: mta; Conflicts: mta", app="Depends: mta")
    assert solved(found, "app") == ["exim 1.0", "app 1.0"]


def test_circles_are_no_problem(made: Made) -> None:
    assert solved(made(a="Depends: b", b="Depends: c", c="Depends: a"), "a") == ["c 1.0", "b 1.0", "a 1.0"]


def test_recommended_packages_only_when_asked(made: Made) -> None:
    found = made(app="Recommends: nice, not-there", nice="")
    assert solved(found, "app") == ["app 1.0"]
    assert solved(found, "app", recommends=True) == ["nice 1.0", "app 1.0"]


NOT = "the packages can't be installed together [unsatisfiable]\n  {}\n  hint: another version, or another feed?"


@pytest.mark.parametrize(("packages", "names", "why"), [
    ({"app": "Depends: libfoo (>= 2)", "libfoo_v1_4": ""}, ["app"], "app needs libfoo (>= 2), the feed has libfoo 1.4"),
    ({"app": "Depends: gone | away"}, ["app"], "app needs gone or away, the feed has nothing of that name"),
    ({"a": "Conflicts: b", "b": ""}, ["a", "b"], "you want b, b 1.0 can't be beside a 1.0"),
    ({"app": "Depends: a, b", "a": "Depends: lib (= 1.0)", "b": "Depends: lib (>= 2)", "lib_v1_0": "", "lib_v2_0": ""}, ["app"],
     "b needs lib (>= 2), lib 1.0 is needed too, which a needs"),
])  # fmt: skip
def test_what_can_not_be_is_explained(
    made: Made, packages: dict[str, str], names: list[str], why: str
) -> None:
    with fails(NOT.format(why)):
        solved(made(**packages), *names)


def test_packages_of_another_architecture_are_not_there(tmp_path: Path) -> None:
    deb(tmp_path, "app", architecture="arm64")
    found = pool.read([feed.Feed(str(tmp_path))], load().package_formats(), AMD64, pytest.fail)
    with fails(NOT.format("you want app, the feed has it for arm64, not for linux/amd64")):
        solved(found, "app")


def test_a_directory_without_packages_is_no_feed(tmp_path: Path) -> None:
    with fails(
        f"there are no packages at '{tmp_path}' [no-feed]\n  looked for feeds of deb, ipk, rpm\n"
        "  hint: is it right? an index is at its top, in archs=A,B below it, or belongs to a suite"
    ):
        pool.read([feed.Feed(str(tmp_path))], load().package_formats(), AMD64, pytest.fail)


def test_a_name_that_is_like_another_one_is_told(made: Made) -> None:
    with fails(
        "the packages can't be installed together [unsatisfiable]\n  you want mosquito, the feed has nothing of that name\n"
        "  hint: did you mean 'mosquitto'?"
    ):
        solved(made(mosquitto=""), "mosquito")


def test_ipk_is_read_as_deb_is(tmp_path: Path) -> None:
    """opkg's index covers a feed for each PACKAGE_ARCH; its alternatives are links without a detour."""
    for arch in ("all", "core2-64", "cortexa57"):
        path = deb(tmp_path / arch, f"app-{arch}", member("./bin/app.real", b"x", mode=0o755), architecture=arch,
                   scripts={"postinst": "update-alternatives --install /bin/app app /bin/app.real 50\n"})  # fmt: skip
        path = path.rename(path.with_suffix(".ipk"))
        text = f"Package: app-{arch}\nVersion: 1.0\nArchitecture: {arch}\nFilename: {path.name}\nSize: 1\n"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (tmp_path / arch / "Packages.gz").write_bytes(
            gzip.compress(f"{text}MD5Sum: {'0' * 32}\nSHA256sum: {digest}\n".encode())
        )
    place = feed.Feed(str(tmp_path), archs=("all", "core2-64", "cortexa57"))
    found = pool.read([place], load().package_formats(), AMD64, pytest.fail)

    assert [found.form.name, solved(found, "app-all", "app-core2-64")] == [
        "ipk",
        ["app-all 1.0", "app-core2-64 1.0"],
    ]
    assert found.named("app-cortexa57") == []
    have = store.bring(found, found.named("app-core2-64"), Quiet())  # type: ignore[arg-type]  # only steps are told
    made = install.install(have, [], install.Allowed(), None, found.form)[-1]
    assert made.entries["bin/app"].link == "/bin/app.real"


def test_a_feed_without_hashes_is_refused(tmp_path: Path) -> None:
    path = deb(tmp_path, "app", member("./bin/app", b"x"))
    text = f"Package: app\nVersion: 1.0\nArchitecture: all\nFilename: {path.name}\nSize: 1\n"
    (tmp_path / "Packages").write_text(text)
    found = pool.read([feed.Feed(str(tmp_path))], load().package_formats(), AMD64, pytest.fail)

    with fails("the feed gives no hash of 'app' [no-hash]\n  hint: make its index again"):
        store.bring(found, found.named("app"), Quiet())  # type: ignore[arg-type]  # only steps are told
