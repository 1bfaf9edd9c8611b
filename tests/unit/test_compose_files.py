"""Compose files that say a part elsewhere: overrides, `include:`, `extends:`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.container import Port, Volume
from sdk_hooks.core import applications
from sdk_hooks.core.spec.application import Application

from .helpers import fails, write

BASE = """\
services:
  web:
    image: web
    command: [serve, a]
    environment: [A=1, B=1]
    ports: ["80:80"]
    volumes: ["data:/data", "/srv/a:/a"]
    depends_on: [db]
    cap_add: [NET_ADMIN]
    healthcheck: {test: [CMD, a], retries: 4}
  db: {image: db}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)


def load(directory: Path, files: dict[str, str], name: str = "compose.yaml") -> Application:
    return applications.load(write(directory, dict(files)) / name)


def test_an_override_beside_it_is_merged_by_key_list_and_place(tmp_path: Path) -> None:
    over = """\
services:
  web:
    command: other
    environment: {B: 2, C: 3}
    ports: ["81:81", "80:80"]
    volumes: ["/srv/b:/a:ro"]
    depends_on: {c: {condition: service_started}}
    cap_add: [NET_ADMIN, SYS_TIME]
    healthcheck: {test: b}
  c: {image: c}
"""
    web = load(tmp_path, {"compose.yaml": BASE, "compose.override.yaml": over}).containers["web"]

    assert web.spec.cmd == ("other",)
    assert web.spec.env == {"A": "1", "B": "2", "C": "3"}
    assert web.spec.ports == (Port(80, 80), Port(81, 81))
    assert web.spec.volumes == (Volume("data", "/data"), Volume("/srv/b", "/a", True))
    assert [need.part for need in web.needs] == ["db", "c"]
    assert web.spec.cap_add == ("CAP_NET_ADMIN", "CAP_SYS_TIME")
    assert web.spec.healthcheck and web.spec.healthcheck.retries == 4
    assert web.spec.healthcheck.command == ("/bin/sh", "-c", "b")


def test_compose_file_names_all_of_them_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"compose.yaml": BASE, "board.yaml": "services: {db: {image: small}}",
             "compose.override.yaml": "services: {db: {image: wrong}}"}  # fmt: skip
    monkeypatch.setenv("COMPOSE_FILE", "compose.yaml:board.yaml")
    assert load(tmp_path, files).containers["db"].image == "small"

    monkeypatch.setenv("COMPOSE_FILE", "compose.yaml")
    assert load(tmp_path, files).containers["db"].image == "db"

    monkeypatch.delenv("COMPOSE_FILE")
    assert load(tmp_path, {**files, ".env": "COMPOSE_FILE=compose.yaml:board.yaml"}).containers[
        "db"
    ].image == "small"  # fmt: skip


def test_another_name_has_no_override(tmp_path: Path) -> None:
    files = {"shop.yaml": BASE, "shop.override.yaml": "services: {db: {image: wrong}}"}

    assert load(tmp_path, files, "shop.yaml").containers["db"].image == "db"


def test_what_was_said_is_taken_away_or_replaced(tmp_path: Path) -> None:
    over = "services: {web: {ports: !reset [], volumes: !override ['x:/x'], environment: }}"
    web = load(tmp_path, {"compose.yaml": BASE, "compose.override.yml": over}).containers["web"]

    assert (web.spec.ports, web.spec.volumes) == ((), (Volume("x", "/x"),))
    assert web.spec.env == {"A": "1", "B": "1"}


def test_a_service_extends_one_of_its_file_and_of_another(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  a: {extends: b, environment: {X: a}}\n"
        "  b: {extends: {service: base, file: lib/base.yaml}, image: b, environment: {X: b, Y: b}}\n",
        "lib/base.yaml": "services: {base: {extends: {service: root}, image: base, env_file: [base.env]},"
        " root: {user: '7', volumes: ['/a:/a']}}",
        "lib/base.env": "Z=base\nX=base\n",
    }
    found = load(tmp_path, files).containers

    assert list(found) == ["a", "b"]
    assert (found["a"].image, found["a"].spec.user) == ("b", "7")
    assert found["a"].spec.env == {"Z": "base", "X": "a", "Y": "b"}
    assert found["b"].spec.env == {"Z": "base", "X": "b", "Y": "b"}
    assert found["a"].spec.volumes == (Volume("/a", "/a"),)


def test_files_that_are_included_have_their_own_directory_and_variables(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [one/compose.yaml, {path: [two.yaml, three.yaml], env_file: two.env}]\n"
        "services: {web: {image: web, depends_on: [db]}}\n",
        "one/compose.yaml": "services: {db: {image: 'db:$TAG', configs: [c], secrets: [s]}}\n"
        "configs: {c: {file: ./c.conf}}\nsecrets: {s: {file: s.txt}}\n",
        "one/.env": "TAG=9\n",
        "two.yaml": "services: {two: {image: 'two:$TAG'}}",
        "three.yaml": "services: {two: {user: '5'}}",
        "two.env": "TAG=2\n",
    }
    found = load(tmp_path, files)

    assert {name: each.image for name, each in found.containers.items()} == {
        "web": "web", "db": "db:9", "two": "two:2",
    }  # fmt: skip
    assert found.containers["two"].spec.user == "5"
    assert (found.configs["c"].file, found.secrets["s"]) == ("one/./c.conf", "one/s.txt")


def test_a_file_may_only_include(tmp_path: Path) -> None:
    files = {"compose.yaml": "include: [a.yaml]", "a.yaml": "services: {a: {image: a}}"}

    assert list(load(tmp_path, files).containers) == ["a"]
    assert applications.several(tmp_path / "compose.yaml")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"compose.yaml": "services: {a: {extends: b}}"},
         "compose.yaml:1:25: 'services.a.extends' names 'b', there is: a [bad-spec]"),
        ({"compose.yaml": "services: {a: {extends: b}, b: {extends: a}}"},
         "compose.yaml:1:25: 'services.a.extends': a extends b extends a [bad-spec]"),
        ({"compose.yaml": "services: {a: {extends: {file: b.yaml}}}"},
         "compose.yaml:1:25: 'services.a.extends' has no 'service' [bad-spec]"),
        ({"compose.yaml": "services: {a: {extends: {service: a, file: b.yaml}}}"},
         "compose.yaml:1:44: 'services.a.extends': '{top}/b.yaml': there is no such file [bad-spec]"),
        ({"compose.yaml": "services: {a: {extends: {service: a, file: b.yaml}}}", "b.yaml": "name: x"},
         "compose.yaml:1:44: 'services.a.extends': '{top}/b.yaml' has no 'services' [bad-spec]"),
        ({"compose.yaml": "services: {a: {extends: {service: a, file: b.yaml}}}",
          "b.yaml": "services: {a: {extends: {service: a, file: b.yaml}}}"},
         "b.yaml:1:44: 'services.a.extends': '{top}/b.yaml': it is being read [bad-spec]"),
        ({"compose.yaml": "include: a.yaml\nservices: {}"},
         "compose.yaml:1:10: 'include' wants a list [bad-spec]"),
        ({"compose.yaml": "include: [{}]\nservices: {}"},
         "compose.yaml:1:11: 'include' has no 'path' [bad-spec]"),
        ({"compose.yaml": "include: [{path: a, x: 1}]\nservices: {}"},
         "compose.yaml:1:24: 'include.x' of compose files is not supported [bad-spec]"),
        ({"compose.yaml": "include: ['https://x/a.yaml']\nservices: {}"},
         "compose.yaml:1:11: 'include': there is no file '{top}/https:/x/a.yaml' [bad-spec]\n"
         "  hint: files of other machines: fetch them"),
        ({"compose.yaml": "include: [compose.yaml]\nservices: {}"},
         "compose.yaml:1:11: 'include': '{top}/compose.yaml' includes itself [bad-spec]"),
        ({"compose.yaml": "include: [a.yaml]\nservices: {a: {image: b}}",
          "a.yaml": "services: {a: {image: a}}"},
         "compose.yaml:1:11: 'include': 'services.a' is here as well [bad-spec]\n"
         "  hint: use extends: to change it"),
        ({"compose.yaml": BASE, "compose.override.yaml": "services: {web: {ports: {a: 1}}}"},
         "compose.override.yaml:1:25: 'services.web.ports' is of another form than at "
         "{top}/compose.yaml:6:12 [bad-spec]\n  hint: write both in one form"),
        ({"compose.yaml": BASE, "compose.override.yaml": "[a]"},
         "compose.override.yaml:1:1: the file wants keys and values [bad-spec]"),
        ({"compose.yaml": BASE, "compose.override.yaml": "services: {web: {labels: [[a]]}}"},
         "compose.override.yaml:1:27: 'labels' wants a list of texts [bad-spec]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_file(tmp_path: Path, files: dict[str, str], message: str) -> None:
    if "labels" in files.get("compose.override.yaml", ""):
        files = {**files, "compose.yaml": BASE.replace("    image: web", "    image: web\n    labels: [a=1]")}
    with fails(f"{tmp_path}/{message.replace('{top}', str(tmp_path))}"):
        load(tmp_path, files)


def test_what_is_built_is_called_like_the_service(tmp_path: Path) -> None:
    text = "services: {a: {build: {context: ., args: {X: 1}}}, b: {build: ., image: 'other:2'}}"
    found = load(tmp_path, {"compose.yaml": text}).containers

    assert (found["a"].image, found["b"].image) == ("a", "other:2")


def test_a_directory_beside_it_that_holds_nothing_is_a_volume(tmp_path: Path) -> None:
    text = """\
x-v: &v ["./var/db:/var/lib/db:ro", "./empty:/e"]
services:
  a: {image: a, volumes: *v}
  b: {image: b, volumes: *v}
  c: {image: c, volumes: [{type: bind, source: ./var/db, target: /db}]}
"""
    (tmp_path / "empty").mkdir()
    found = load(tmp_path, {"compose.yaml": text}).containers

    both = (Volume("var-db", "/var/lib/db", True), Volume("empty", "/e"))
    assert found["a"].spec.volumes == found["b"].spec.volumes == both
    assert found["c"].spec.volumes == (Volume("var-db", "/db"),)


NOT_HERE = "is a path of this machine, which the target does not have [bad-spec]"
WANTS = "services.a.volumes wants NAME:/PATH or /ON/TARGET:/PATH; files of this machine: configs:"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("['./full:/f']", f"1:36: 'services.a.volumes': './full:/f' {NOT_HERE}\n  hint: {WANTS}"),
        ("['./no.conf:/etc/a.conf']",
         f"1:36: 'services.a.volumes': './no.conf:/etc/a.conf' {NOT_HERE}\n  hint: {WANTS}"),
        ("['./d:/d', './d/e:/e']",
         "1:46: './d/e' is in './d', which is a volume [bad-spec]\n  hint: mount it as one: volumes:"),
        ("['./d/e:/d', './d-e:/e']",
         "1:48: './d-e' can't be the volume 'd-e' [bad-spec]\n  hint: name a volume instead: NAME:/PATH"),
        ("['.:/d']", f"1:36: 'services.a.volumes': '.:/d' {NOT_HERE}\n  hint: {WANTS}"),
    ],
)  # fmt: skip
def test_other_paths_of_this_machine_are_refused(tmp_path: Path, said: str, message: str) -> None:
    write(tmp_path, {"full/file": "x"})
    with fails(f"{tmp_path}/compose.yaml:{message}"):
        load(tmp_path, {"compose.yaml": f"services: {{a: {{image: a, volumes: {said}}}}}"})
