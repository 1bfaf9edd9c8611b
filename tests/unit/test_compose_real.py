"""What compose files of real projects say: understood, or refused with what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks import Tmpfs
from sdk_hooks.container import Port, Volume
from sdk_hooks.core.deploy.parts import HEALTHY, STARTED, Need

from .helpers import fails
from .test_compose_services import load, service


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("db:/var/lib/mysql:Z", Volume("db", "/var/lib/mysql")),
        ("/etc/localtime:/etc/localtime:ro,z", Volume("/etc/localtime", "/etc/localtime", True)),
        ("data:/data:cached", Volume("data", "/data")),
        ("data:/data:rw,delegated", Volume("data", "/data")),
        ("/data:ro", Volume("a-data", "/data", True)),
        ("/data:z", Volume("a-data", "/data")),
    ],
)
def test_labels_and_caches_of_volumes_change_nothing(tmp_path: Path, text: str, made: Volume) -> None:
    assert service(tmp_path, f"volumes: ['{text}']").spec.volumes == (made,)


def test_long_forms_as_compose_itself_writes_them(tmp_path: Path) -> None:
    text = """\
services:
  a:
    image: a
    attach: true
    platform: linux/amd64
    volumes:
      - {type: volume, source: data, target: /data, volume: {nocopy: true}, consistency: c}
      - {type: bind, source: /srv, target: /srv, bind: {create_host_path: true, selinux: z}}
    ports: [{mode: ingress, target: 80, published: "8080", protocol: tcp, app_protocol: http, name: web}]
    healthcheck: {test: [CMD, x], start_interval: 2s, interval: 9s}
    depends_on:
      b: {condition: service_healthy, required: true, restart: true}
      c: {condition: service_started, required: false}
    networks: {default: null}
  b: {image: b, healthcheck: {test: x}, shm_size: 512mb, links: [d, "e:e"], depends_on: [d]}
  d: {image: d}
  e: {image: e}
networks: {default: {name: shop_default, ipam: {driver: default}, external: false}}
volumes: {data: {name: shop_data}}
"""
    found = load(tmp_path, text).containers

    assert found["a"].spec.volumes == (Volume("data", "/data"), Volume("/srv", "/srv"))
    assert found["a"].spec.ports == (Port(80, 8080),)
    assert found["a"].spec.healthcheck and found["a"].spec.healthcheck.interval == 9
    assert found["a"].needs == (Need("b", HEALTHY),)
    assert found["b"].spec.tmpfs == (Tmpfs("/dev/shm", 512 << 20),)
    assert found["b"].needs == (Need("d", STARTED), Need("e", STARTED))


@pytest.mark.parametrize(
    ("text", "place", "what", "hint"),
    [
        ("services: {a: {image: a, networks: {n: {aliases: [x]}}}}", "1:50",
         "'services.a.networks.n.aliases' of compose files is not supported",
         "a service is found by its own name, others by extra_hosts:"),
        ("services: {a: {image: a, volumes: ['./d.conf:/d.conf']}}", "1:36",
         "'services.a.volumes': './d.conf:/d.conf' is a path of this machine, which the target does not have",
         "services.a.volumes wants NAME:/PATH or /ON/TARGET:/PATH; files of this machine: configs:"),
        ("services: {a: {image: a, volumes: ['d:/data:exec']}}", "1:36",
         "'services.a.volumes': 'd:/data:exec' is not a volume such as data:/var/lib/app",
         "services.a.volumes wants NAME:/PATH or /ON/TARGET:/PATH; files of this machine: configs:"),
        ("services: {a: {image: a, links: ['b:db']}, b: {image: b}}", "1:34",
         "'services.a.links': 'b' has no other name here",
         "use 'b' instead of 'db'"),
        ("services: {a: {image: a}}\nvolumes: {d: {external: true}}", "2:25",
         "'volumes.d.external': an application has its own",
         "leave out external:, and copy what is in it; or mount a path of the target: /srv/data:/data"),
        ("services: {a: {image: a}}\nvolumes: {d: {driver_opts: {o: bind}}}", "2:28",
         "'volumes.d.driver_opts' of compose files is not supported",
         "a directory of the target is mounted by its path: volumes: [/srv/data:/data]"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_told_with_what_to_do(
    tmp_path: Path, text: str, place: str, what: str, hint: str
) -> None:
    with fails(f"{tmp_path}/compose.yaml:{place}: {what} [bad-spec]\n  hint: {hint}"):
        load(tmp_path, text)


def test_what_is_required_has_to_be_there(tmp_path: Path) -> None:
    with fails(f"{tmp_path}/compose.yaml:1:1: 'containers.a.needs' names 'c', there is: a [bad-spec]"):
        load(tmp_path, "services: {a: {image: a, depends_on: {c: {required: true}}}}")
