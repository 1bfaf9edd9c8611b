"""Application files: several containers, what they need, and what is refused with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

from sdk_hooks.container import HealthCheck, Network, Port, Restart, Settings, Volume
from sdk_hooks.core import applications
from sdk_hooks.core.deploy.parts import Need
from sdk_hooks.core.spec import application, read
from sdk_hooks.core.spec.application import Application
from sdk_hooks.errors import SdkError
from sdk_hooks.limits import Resources

from .helpers import fails, file, make, write

SHOP = """\
name: shop
containers:
  web: {image: front, needs: [db], networks: [net], secrets: [token], env: {A: b}, cmd: [-v], restart: always}
  db: {volumes: ["data:/data"], network: none}
networks: {net: {subnet: 10.9.0.0/24}}
secrets: {token: {file: token}}
"""


def load(directory: Path, text: str, name: str = "app.yaml") -> Application:
    return applications.load(write(directory, {name: text}) / name)


def test_all_that_is_said_of_containers_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, SHOP)

    assert (found.name, list(found.containers)) == ("shop", ["web", "db"])
    web = found.containers["web"]
    assert (web.image, web.needs, web.networks, web.secrets) == (
        "front",
        (Need("db", ""),),
        ("net",),
        ("token",),
    )
    settings = application.settings(Settings(env={"A": "a", "C": "c"}), web, found.networks.values())
    assert settings.env == {"A": "b", "C": "c"}
    assert (settings.cmd, settings.restart) == (("-v",), Restart("always"))
    assert settings.networks == (Network("net", subnet="10.9.0.0/24"),)
    assert application.settings(Settings(), found.containers["db"], found.networks.values()).networks == ()


def test_they_are_put_in_the_order_of_their_needs(tmp_path: Path) -> None:
    for name in ("web", "db"):
        make(tmp_path / f"{name}-latest-oci", file("usr/bin/x", b"#!", 0o755), name=name)
    text = "containers: {web: {needs: [db]}, db: {healthcheck: {command: check}}}"
    parts = applications.assemble(load(tmp_path, text), tmp_path / "app.yaml", tmp_path, lambda _: Settings())

    assert [part.name for part in parts] == ["db", "web"]
    assert parts[1].needs == (Need("db", "healthy"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("containers: {a: {needs: [b]}}", "1:1: 'containers.a.needs' names 'b', there is: a [bad-spec]"),
        (
            "containers: {a: {secrets: [b]}}",
            "1:1: 'containers.a.secrets' names 'b', there is: none [bad-spec]",
        ),
        (
            "containers: {a: {networks: [b]}}",
            "1:1: 'containers.a.networks' names 'b', there is: none [bad-spec]",
        ),
        (
            "containers: {a: {needs: ['b:soon']}}",
            "1:26: 'containers.a.needs': 'b:soon' is not a container such as db, or db:healthy [bad-spec]\n"
            "  hint: containers.a.needs wants NAME[:CONDITION]",
        ),
        ("containers: {A: }", "1:14: 'containers': 'A' can't be a name [bad-spec]"),
        ("name: x", None),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str | None) -> None:
    path = tmp_path / "app.yaml"
    expected = (
        f"{path}:{message}"
        if message
        else (
            f"'{path}' has neither 'containers' nor 'services' [bad-spec]\n"
            "  hint: it is for container-build; name what that has built instead of the file"
        )
    )
    with fails(expected):
        load(tmp_path, text)


def test_containers_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make(tmp_path / f"{name}-latest-oci", file("usr/bin/x", b"#!", 0o755), name=name)
    found = load(tmp_path, "containers: {a: {needs: [b]}, b: {needs: [a]}}")
    with fails(
        "the containers a, b wait for each other [bad-spec]\n"
        "  hint: let one of them start without the others: needs:"
    ):
        applications.assemble(found, tmp_path / "app.yaml", tmp_path, lambda _: Settings())


def test_a_port_that_two_want_is_told(tmp_path: Path) -> None:
    """Also one that an image brings along."""
    for name in ("a", "b"):
        make(tmp_path / f"{name}-latest-oci", file("usr/bin/x", b"#!", 0o755), name=name)
    found = load(tmp_path, "containers: {a: {ports: ['127.0.0.1:80:80']}, b: }")
    with fails("the containers 'a' and 'b' both have port 80 [bad-spec]\n  hint: move one of them: ports:"):
        applications.assemble(
            found, tmp_path / "app.yaml", tmp_path, lambda _: Settings(ports=(Port(81, 80),))
        )


def test_an_image_of_a_registry_has_to_be_fetched(tmp_path: Path) -> None:
    found = load(tmp_path, "containers: {a: {image: docker.io/library/redis:7}}")
    with fails(
        "the image 'docker.io/library/redis:7' of 'a' is not on this machine [no-image]\n"
        "  hint: fetch it: skopeo copy docker://docker.io/library/redis:7 oci:a:latest; then write image: ./a"
    ):
        applications.assemble(found, tmp_path / "app.yaml", tmp_path, lambda _: Settings())


def test_a_secret_without_its_file_is_refused(tmp_path: Path) -> None:
    with fails(
        f"the file '{tmp_path}/token' of the secret 'token' can't be read [no-secret]\n"
        "  No such file or directory\n  hint: make it, or name another: secrets: {token: {file: PATH}}"
    ):
        applications.assemble(load(tmp_path, SHOP), tmp_path / "app.yaml", tmp_path, lambda _: Settings())


def test_the_name_is_the_directorys_where_the_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "My App" / "compose.yaml"
    assert applications.name(Application({}), path) == "my-app"
    assert applications.name(Application({}, "shop"), path) == "shop"


def test_a_file_or_a_directory_that_has_one_is_an_application(tmp_path: Path) -> None:
    write(tmp_path, {"a/compose.yaml": "", "layout/index.json": "{}", "layout/compose.yaml": "", "none/": ""})

    assert applications.file("web") is None
    assert applications.file(f"{tmp_path}/a") == tmp_path / "a/compose.yaml"
    assert applications.file(f"{tmp_path}/layout") is None
    assert applications.file(f"{tmp_path}/none") is None
    assert applications.file("x.yaml") == Path("x.yaml")


def test_the_schema_is_for_both_kinds_of_file() -> None:
    import yaml

    validator = jsonschema.Draft202012Validator(read.json_schema({}))
    assert validator.is_valid(yaml.safe_load(SHOP))
    assert validator.is_valid({"entrypoint": "/bin/app"})
    assert not validator.is_valid({"containers": {"a": {"imagine": "x"}}})


COMPOSE = """\
x-all: &all {image: "app:${TAG:-1}", restart: on-failure}
services:
  web:
    <<: *all
    restart: always
    command: serve "a b"
    environment: {LEVEL: $LEVEL, PRICE: 5$$}
    ports: ["8080:80", {target: 53, published: 53, protocol: udp}]
    volumes: [data:/data, {type: bind, source: /srv, target: /srv, read_only: true}]
    depends_on: {db: {condition: service_healthy}, init: {condition: service_completed_successfully}}
    networks: {back: null}
    deploy: {resources: {limits: {memory: 64M, cpus: "0.5"}}}
    stop_grace_period: 3s
  db:
    image: db
    healthcheck: {test: [CMD, check, -q], interval: 5s}
    mem_limit: 1G
    secrets: [token]
  init: {image: db, network_mode: none}
networks: {back: {driver: bridge, internal: true, ipam: {config: [{subnet: 10.9.0.0/24}]}}}
volumes: {data: }
secrets: {token: {file: ./token}}
"""


def test_a_compose_file_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", "2")
    write(tmp_path, {".env": "# here\nLEVEL='high'\nTAG=3\n"})
    found = load(tmp_path, COMPOSE, "compose.yaml")

    web, db = found.containers["web"], found.containers["db"]
    assert (web.image, web.spec.restart, web.spec.cmd) == ("app:2", Restart("always"), ("serve", "a b"))
    assert web.spec.env == {"LEVEL": "high", "PRICE": "5$"}
    assert web.spec.ports == (Port(80, 8080), Port(53, 53, "udp"))
    assert web.spec.volumes == (Volume("data", "/data"), Volume("/srv", "/srv", True))
    assert web.needs == (Need("db", "healthy"), Need("init", "completed"))
    assert (web.networks, db.networks, found.containers["init"].networks) == (("back",), ("default",), ())
    assert (web.spec.resources, db.spec.resources) == (Resources(64 << 20, 0.5), Resources(1 << 30))
    assert (web.spec.stop_timeout, db.spec.restart) == (3.0, Restart("no"))
    assert db.spec.healthcheck == HealthCheck(("check", "-q"), interval=5.0, retries=3)
    assert found.networks == {
        "back": Network("back", subnet="10.9.0.0/24", internal=True),
        "default": Network("default"),
    }
    assert (db.secrets, found.secrets) == (("token",), {"token": "./token"})


WEB = "services: {web: {image: a, %s}}"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("ports: ['80']", "1:36: 'services.web.ports': '80' does not say the port of the target, such as "
         "8080:80 [bad-spec]\n  hint: services.web.ports wants HOST:CONTAINER"),
        ("volumes: ['../a:/a']", "1:38: 'services.web.volumes': '../a:/a' is a path of this machine, which "
         "the target does not have [bad-spec]\n  hint: services.web.volumes wants NAME:/PATH or "
         "/ON/TARGET:/PATH; files of this machine: configs:"),
        ("command: $NOT_SET", "1:37: the variable 'NOT_SET' is not set [bad-spec]\n"
         "  hint: export NOT_SET=..."),
        ("command: '${NOT_SET:?tell}'", "1:37: the variable 'NOT_SET' is not set: tell [bad-spec]\n"
         "  hint: export NOT_SET=..."),
        ("healthcheck: {test: [true]}", "1:48: 'services.web.healthcheck.test' begins with CMD or CMD-SHELL"
         " [bad-spec]"),
        ("volumes: [{type: bind, source: a, target: /a}]", "1:38: 'services.web.volumes': 'a' is a path "
         "of this machine, which the target does not have [bad-spec]"),
        ("healthcheck: {test: [CMD]}", "1:48: 'services.web.healthcheck.test' begins with CMD or CMD-SHELL"
         " [bad-spec]"),
        ("<<: 1", "1:17: expected a mapping or list of mappings for merging, but found scalar [bad-spec]"),
        ("depends_on: [db]", "1:1: 'containers.web.needs' names 'db', there is: web [bad-spec]"),
    ],
)  # fmt: skip
def test_what_of_compose_is_not_for_a_board_is_refused_by_name(
    tmp_path: Path, said: str, message: str
) -> None:
    with fails(f"{tmp_path / 'compose.yaml'}:{message}"):
        load(tmp_path, WEB % said, "compose.yaml")


@pytest.mark.parametrize("key", ["secrets", "configs", "networks"])
def test_a_name_that_is_none_reaches_no_shell(tmp_path: Path, key: str) -> None:
    said = "{}" if key == "networks" else "{file: t}"
    text = f'services: {{web: {{image: a}}}}\n{key}: {{"t\\nreboot #": {said}}}\n'
    with pytest.raises(SdkError, match=r"can't be a name here"):
        load(tmp_path, text, "compose.yaml")


def test_volumes_without_a_name_are_not_shared(tmp_path: Path) -> None:
    other = "{image: x, volumes: ['/data:ro', {target: /e}]}"
    text = f"services: {{a: {{image: x, volumes: [/data, d:/d]}}, b: {other}}}"
    found = load(tmp_path, text, "compose.yaml").containers

    assert found["a"].spec.volumes == (Volume("a-data", "/data"), Volume("d", "/d"))
    assert found["b"].spec.volumes == (Volume("b-data", "/data", True), Volume("b-e", "/e"))


def test_dotenv_is_read_as_compose_does(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("\ufeffA=x # remark\nB='y # z' # remark\nexport C=#\n".encode())
    found = load(tmp_path, "services: {a: {image: b, environment: {V: '$A|$B|$C'}}}", "compose.yaml")

    assert found.containers["a"].spec.env == {"V": "x|y # z|"}
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(SdkError, match="can't be read as UTF-8 text"):
        load(tmp_path, "services: {a: {image: b}}", "compose.yaml")


def test_a_spec_for_one_image_tells_of_the_other_kind(tmp_path: Path) -> None:
    path = write(tmp_path, {"container.yaml": SHOP}) / "container.yaml"
    with fails(
        f"{path}:3:3: 'containers' is for an application of several containers, this is for one image"
        " [bad-spec]\n"
        f"  hint: give it a file of its own, and deploy that: container-deploy {path}"
    ):
        read.load(path)


def test_every_form_of_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SET": "x", "EMPTY": ""}.items():
        monkeypatch.setenv(name, value)
    forms: Mapping[str, str] = {
        "$SET": "x", "${SET}y": "xy", "${EMPTY-d}": "", "${EMPTY:-d}": "d", "${NONE-d}": "d",
        "${SET:+z}": "z", "${EMPTY:+z}": "", "${EMPTY+z}": "z", "$${SET}": "${SET}", "a$": "a$",
    }  # fmt: skip
    forms = {**forms, "${NONE:-${SET}:1}": "x:1", "${SET:-${NONE:-y}}": "x", "${NONE:-${ALSO:-y}}": "y"}
    for form, value in forms.items():
        found = load(tmp_path, f"services: {{a: {{image: b, environment: {{V: '{form}'}}}}}}", "compose.yaml")
        assert found.containers["a"].spec.env == {"V": value}, form


def test_a_network_that_is_named_twice_is_told(tmp_path: Path) -> None:
    text = "containers: {a: {networks: [n, n]}}\nnetworks: {n: }\n"
    place = write(tmp_path, {"app.yaml": text}) / "app.yaml"

    with fails(f"{place}:1:1: 'containers.a.networks' names 'n' twice [bad-spec]"):
        applications.load(place)
