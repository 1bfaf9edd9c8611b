"""compose.py: the order of groups, rules of layers, the spec's own files, the program to run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdk_hooks.container import Volume
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.files import compose
from sdk_hooks.core.files.fileset import FILE, HARDLINK, SYMLINK, Entry, Group, Merged
from sdk_hooks.core.spec.model import File, LayerRule, Spec

from .helpers import fails, file, folder, group, make, write

PROGRAM = ("usr/bin/web", b"#!", 0o755)


def shape(groups: list[Group]) -> dict[str, list[str]]:
    return {made.name: sorted(made.entries) for made in groups}


def test_a_rule_gives_its_files_a_layer_below_the_application() -> None:
    groups = [group("deps", file("usr/lib/a")), group("app", file(*PROGRAM), file("usr/share/www/x"))]

    made = compose.split(groups, [LayerRule("www", ("/usr/share/**",))])

    assert list(shape(made).items()) == [
        ("deps", ["usr/lib/a"]),
        ("www", ["usr/share/www/x"]),
        ("app", ["usr/bin/web"]),
    ]


def test_rules_keep_their_order_and_the_first_one_takes() -> None:
    groups = [group("app", file("a/1"), file("a/2"), file("b"))]

    made = compose.split(groups, [LayerRule("two", ("a/2",)), LayerRule("rest", ("a/*",))])

    assert list(shape(made).items()) == [("two", ["a/2"]), ("rest", ["a/1"]), ("app", ["b"])]


def test_without_rules_nothing_changes() -> None:
    groups = [group("app", file("a"))]

    assert compose.split(groups, []) == groups


def test_all_names_of_one_file_go_to_one_layer() -> None:
    entries = (file("a/1", b"x"), Entry("b/2", HARDLINK, 0o644, link="a/1"), file("c"))

    by_link = compose.split([group("app", *entries)], [LayerRule("own", ("b/*",))])
    by_file = compose.split([group("app", *entries)], [LayerRule("own", ("a/*",))])

    assert shape(by_link) == shape(by_file) == {"own": ["a/1", "b/2"], "app": ["c"]}


def test_a_rule_that_matches_nothing_is_an_error() -> None:
    with fails(
        "layer 'www' of container.yaml matches no file [empty-layer]\n  paths: /srv/*, /no\n"
        "  hint: correct or remove it: layers: in container.yaml"
    ):
        compose.split([group("app", file("a"), folder("srv/x"))], [LayerRule("www", ("/srv/*", "/no"))])


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/usr/*", "usr/a", True),
        ("/usr/*", "usr/a/b", False),
        ("/usr/**", "usr/a/b", True),
        ("/usr/**", "usra", False),
        ("**/*.so", "a/b/c.so", True),
        ("**/*.so", "c.so", True),
        ("usr/**/x", "usr/x", True),
        ("usr/**/x", "usr/a/b/x", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("a[bc]", "a[bc]", True),
        ("*", "a\nb", True),
    ],
)
def test_globs(pattern: str, path: str, matches: bool) -> None:
    assert bool(compose.glob(pattern).fullmatch(path)) == matches


def configured(spec: Spec, *entries: Entry, user: str = "65532:65532") -> dict[str, Entry]:
    merged = Merged()
    merged.place(compose.foundation())
    merged.place(group("app", *entries))
    return compose.configuration(spec, merged, user).entries


def owners(entries: dict[str, Entry]) -> dict[str, tuple[int, int, int]]:
    return {path: (entry.uid, entry.gid, entry.mode) for path, entry in entries.items()}


def test_directories_of_volumes_belong_to_the_user() -> None:
    spec = Spec(volumes=(Volume("data", "/var/lib/app/"), Volume("/host", "/etc")))

    assert owners(configured(spec, folder("etc"))) == {"var/lib/app": (65532, 65532, 0o755)}
    assert owners(configured(spec, user="nonroot")) == {"var/lib/app": (65532, 65532, 0o755)}


def test_the_directory_to_work_in_is_made_and_is_roots() -> None:
    assert owners(configured(Spec(workdir="/srv/app"))) == {"srv/app": (0, 0, 0o755)}
    assert configured(Spec(workdir="/srv"), folder("srv", 0o700, 1)) == {}
    assert configured(Spec(workdir="/")) == {}


def test_a_volume_that_is_worked_in_still_belongs_to_the_user() -> None:
    assert owners(configured(Spec(workdir="/data", volumes=(Volume("d", "/data"),)))) == {
        "data": (65532, 65532, 0o755)
    }


def test_a_volume_below_a_link_is_made_where_the_link_points() -> None:
    link = Entry("var/run", SYMLINK, 0o777, link="../run")

    assert list(configured(Spec(volumes=(Volume("d", "/var/run/app"),)), link)) == ["run/app"]


def test_files_have_the_owner_and_mode_that_the_spec_says(tmp_path: Path) -> None:
    write(tmp_path, {"conf": "text", "program": "#!/bin/sh\n"})
    (tmp_path / "conf").chmod(0o664)
    (tmp_path / "program").chmod(0o711)
    spec = Spec(
        files=(
            File("/etc/a", content="ü"),
            File("/etc/b", content="", owner="nonroot:root", mode=0o600),
            File("/etc/c", content="x", mode=0),
            File("/etc/d", source=str(tmp_path / "conf"), owner="5"),
            File("/etc/../e", source=str(tmp_path / "program")),
            File("/f", source=str(tmp_path / "program"), mode=0o4755),
        )
    )

    found = configured(spec)

    assert owners(found) == {
        "etc/a": (0, 0, 0o644),
        "etc/b": (65532, 0, 0o600),
        "etc/c": (0, 0, 0),
        "etc/d": (5, 0, 0o644),
        "e": (0, 0, 0o755),
        "f": (0, 0, 0o4755),
    }
    assert (found["etc/a"].data, found["etc/a"].size) == ("ü".encode(), 2)
    assert (found["etc/d"].source, found["etc/d"].size) == (str(tmp_path / "conf"), 4)


@pytest.mark.parametrize(("target", "below"), [("/srv/www", "srv/www/"), ("/", ""), ("/x/..", "")])
def test_a_directory_is_put_in_with_all_that_is_in_it(tmp_path: Path, target: str, below: str) -> None:
    write(tmp_path, {"site/a/b": "text", "site/link": "-> a"})
    os.link(tmp_path / "site/a/b", tmp_path / "site/c")

    found = configured(Spec(files=(File(target, source=str(tmp_path / "site"), owner="7:8"),)))

    top = [below.rstrip("/")] if below else []
    assert list(found) == top + [below + name for name in ("a", "a/b", "c", "link")]
    assert {entry[:2] for entry in owners(found).values()} == {(7, 8)}
    assert (found[f"{below}c"].kind, found[f"{below}c"].link) == (HARDLINK, f"{below}a/b")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with fails(
        f"can't read '{tmp_path}/no', a file of container.yaml [no-file]\n  No such file or directory\n"
        "  hint: make it, or correct source: in files:"
    ):
        configured(Spec(files=(File("/x", source=f"{tmp_path}/no"),)))


def test_an_owner_that_the_image_does_not_know_is_an_error() -> None:
    with fails(
        "the image has no user 'www' [unknown-user]\n"
        "  hint: give the user's number, or a recipe or base image that makes the user"
    ):
        configured(Spec(files=(File("/x", content="", owner="www"),)))


def test_names_are_looked_up_in_the_images_own_files(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("www:x:33:34::/:\n")
    merged = Merged()
    merged.place(group("app", Entry("etc/passwd", "0", 0o644, source=str(tmp_path / "passwd"))))

    assert compose.owner("www", merged) == (33, 34)


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        (["usr/bin/other"], "/usr/bin/other"),
        (["usr/bin/other", "usr/sbin/web"], "/usr/sbin/web"),
        (["bin/web", "usr/libexec/helper"], "/bin/web"),
        (["opt/x/bin/web"], "/opt/x/bin/web"),
        (["usr/cabin/hut", "bin/x"], "/bin/x"),
    ],
)
def test_the_program_with_the_images_name_is_run_or_the_only_one(paths: list[str], chosen: str) -> None:
    groups = [
        group("deps", file("bin/sh", b"#!", 0o755)),
        group("app", *(file(p, b"#!", 0o755) for p in paths)),
    ]

    assert compose.entrypoint("web", groups) == (chosen,)


def test_what_scripts_of_packages_made_is_nobody_s_program() -> None:
    web = Group("web", components=[Component("web", asked=True)])
    web.add([Entry("usr/sbin/web", FILE, 0o755), Entry("usr/bin/other", FILE, 0o755)])
    made = Group("configuration of packages")
    made.add([Entry("usr/bin/awk", SYMLINK, 0o777, link="mawk")])

    assert compose.entrypoint("web", [web, made]) == ("/usr/sbin/web",)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["usr/bin/a", "usr/bin/b"], "/usr/bin/a, /usr/bin/b"),
        (["usr/bin/web", "bin/web"], "/bin/web, /usr/bin/web"),
        (["usr/lib/web"], "none"),
        ([], "none"),
    ],
)
def test_when_it_is_not_clear_what_to_run_the_programs_are_listed(paths: list[str], said: str) -> None:
    with fails(
        "which program 'web' is to run is not clear [no-entrypoint]\n"
        f"  programs: {said}\n"
        "  hint: say it: --entrypoint /path/to/program, or entrypoint: in container.yaml"
    ):
        compose.entrypoint("web", [group("app", *(file(p, b"#!", 0o755) for p in paths))])


@pytest.mark.parametrize(
    ("target", "why"),
    [("/etc", "'/etc' is a directory"), ("/etc/passwd/x", "'/etc/passwd' is no directory")],
)
def test_a_file_that_has_no_place_is_an_error(target: str, why: str) -> None:
    merged = Merged()
    merged.place(group("base", folder("etc"), file("etc/passwd", b"")))
    spec = Spec(files=(File(target, content="x"),))
    hint = "give another target in container.yaml"
    with fails(f"files: {target!r} can't be in the image [bad-spec]\n  {why}\n  hint: {hint}"):
        compose.configuration(spec, merged, "0")


def test_a_program_that_the_image_has_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with fails(
        "the image is to run '/usr/bin/wbe', and it has no such file [no-program]\n"
        "  hint: did you mean '/usr/bin/web'?"
    ):
        make(tmp_path / "x", spec=Spec(entrypoint=("/usr/bin/wbe",)))


@pytest.mark.parametrize("program", ["/bin/web", "/usr/bin/../bin/web", "/data/web", "web"])
def test_a_program_may_lie_behind_a_link_on_a_volume_or_on_the_path(tmp_path: Path, program: str) -> None:
    spec = Spec(entrypoint=(program,), volumes=(Volume("data", "/data"),))

    image = make(
        tmp_path / "x", file("usr/bin/web"), Entry("bin", SYMLINK, 0o777, link="usr/bin"), spec=spec
    ).image

    assert image.config["config"]["Entrypoint"] == [program]
