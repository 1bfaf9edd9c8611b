"""container.yaml, key by key: what is understood, and what is said of the rest."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sdk_hooks.container import Device, DeviceMatch, HealthCheck, Network, Port, Resources, Restart, Volume
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import read
from sdk_hooks.core.spec.checks import Check, Http
from sdk_hooks.core.spec.model import File, LayerRule, Spec

from .helpers import fails

WANTS_DEVICE = (
    "devices wants /dev/NODE[:/PATH][:rwm], vendor.com/class=name, or a mapping such as {tty: ttyUSB0}"
)
GOOD: list[tuple[str, str, Any]] = [
    ("name: web_1.x-y", "name", "web_1.x-y"),
    ("image: registry.example:5000/team/web", "image", "registry.example:5000/team/web"),
    ("image: web", "image", "web"),
    ("tag: 1.0", "tag", "1.0"),
    ("tag: V_1-x", "tag", "V_1-x"),
    ("entrypoint: /bin/app --name 'a b'", "entrypoint", ("/bin/app", "--name", "a b")),
    ("entrypoint: [/bin/app, 5, true, 'a b']", "entrypoint", ("/bin/app", "5", "true", "a b")),
    ("entrypoint: []", "entrypoint", ()),
    ("cmd: ''", "cmd", ()),
    (
        "env: {A: 1, B: yes, C: '', D: 22:22, E: 1.10}",
        "env",
        {"A": "1", "B": "yes", "C": "", "D": "22:22", "E": "1.10"},
    ),
    ("env: ['A=1=2', B=]", "env", {"A": "1=2", "B": ""}),
    ("user: 1000", "user", "1000"),
    ("user: www-data:www.data", "user", "www-data:www.data"),
    ("workdir: /srv", "workdir", "/srv"),
    ("ports: [80]", "ports", (Port(80, 80),)),
    ("ports: [22:22]", "ports", (Port(22, 22),)),  # YAML 1.1 reads 1342 here
    ("ports: ['8080:80/udp']", "ports", (Port(80, 8080, "udp"),)),
    ("ports: ['127.0.0.1:1:65535']", "ports", (Port(65535, 1, "tcp", "127.0.0.1"),)),
    ("ports: ['[::1]:8080:80']", "ports", (Port(80, 8080, "tcp", "[::1]"),)),
    ("volumes: ['data:/var/lib/app']", "volumes", (Volume("data", "/var/lib/app"),)),
    ("volumes: ['/srv/x:/data:ro']", "volumes", (Volume("/srv/x", "/data", True),)),
    ("volumes: [/var/lib/app]", "volumes", (Volume("var-lib-app", "/var/lib/app"),)),
    ("devices: [/dev/x]", "devices", (Device("/dev/x", "/dev/x"),)),
    ("devices: ['/dev/x:/dev/y:rw']", "devices", (Device("/dev/x", "/dev/y", "rw"),)),
    ("devices: [vendor.com/class=name:1]", "devices", (DeviceMatch("cdi", ("vendor.com/class=name:1",)),)),
    ("devices: [{cdi: vendor.com/class=0}]", "devices", (DeviceMatch("cdi", ("vendor.com/class=0",)),)),
    ("devices: [gpu=first]", "devices", (DeviceMatch("gpu", ("first",)),)),
    ("devices: [{gpu: all, access: r}]", "devices", (DeviceMatch("gpu", ("all",), "", "r"),)),
    ("devices: [{pci: '8086:1234'}]", "devices", (DeviceMatch("pci", ("8086:1234",)),)),
    ("devices: [{i2c: 1, path: /dev/bus}]", "devices", (DeviceMatch("i2c", ("1",), "/dev/bus"),)),
    ("devices: [{spi: 0.0}]", "devices", (DeviceMatch("spi", ("0.0",)),)),
    (
        "devices: [{udev: {SUBSYSTEM: tty, ID_VENDOR_ID: 0403}}]",
        "devices",
        (DeviceMatch("udev", ("SUBSYSTEM=tty", "ID_VENDOR_ID=0403")),),
    ),
    (
        "devices: ['udev=SUBSYSTEM=tty,ID_VENDOR_ID=0403']",
        "devices",
        (DeviceMatch("udev", ("SUBSYSTEM=tty", "ID_VENDOR_ID=0403")),),
    ),
    ("devices: ['/dev/x:r']", "devices", (Device("/dev/x", "/dev/x", "r"),)),
    ("networks: {front: }", "networks", (Network("front"),)),
    (
        "networks: {field: {driver: macvlan, subnet: 10.9.0.0/24, gateway: 10.9.0.1, parent: eth1, mtu: 1400}}",
        "networks",
        (Network("field", "macvlan", "10.9.0.0/24", "10.9.0.1", "eth1", mtu=1400),),
    ),
    (
        "networks: {a: {sysctl: {net.ipv4.ip_forward: 1}}}",
        "networks",
        (Network("a", sysctl={"net.ipv4.ip_forward": "1"}),),
    ),
    (
        "networks: {a: {driver: vlan, vlan: 5, internal: true}}",
        "networks",
        (Network("a", "vlan", vlan=5, internal=True),),
    ),
    ("volumes: ['/data:rw']", "volumes", (Volume("data", "/data"),)),
    ("labels: {a.b/c: 1}", "labels", {"a.b/c": "1"}),
    ("author: Ann <a@b>", "author", "Ann <a@b>"),
    ("stop_signal: SIGRTMIN+3", "stop_signal", "SIGRTMIN+3"),
    ("stop_signal: 15", "stop_signal", "15"),
    ("stop_signal: term", "stop_signal", "term"),
    ("stop_timeout: 500ms", "stop_timeout", 0.5),
    ("stop_timeout: 1h2m3.5s4ms", "stop_timeout", 3723.504),
    ("stop_timeout: 1m30s", "stop_timeout", 90.0),
    ("stop_timeout: 2.5", "stop_timeout", 2.5),
    ("stop_timeout: 2m", "stop_timeout", 120.0),
    ("healthcheck: {command: check it}", "healthcheck", HealthCheck(("check", "it"))),
    ("healthcheck: {http: {port: 80}, retries: 3}", "healthcheck", HealthCheck(port=80, retries=3)),
    (
        "healthcheck: {http: {port: 80, path: /ok}, interval: 1s, timeout: 2, start_period: 1m}",
        "healthcheck",
        HealthCheck(port=80, path="/ok", interval=1.0, timeout=2.0, start_period=60.0),
    ),
    ("files: [{target: /a, content: x}]", "files", (File("/a", content="x"),)),
    (
        "files: [{target: /a, content: '', owner: 'a:5', mode: 0640}]",
        "files",
        (File("/a", "", "", "a:5", 0o640),),
    ),
    ("files: [{target: /a, content: '', mode: 0o755}]", "files", (File("/a", content="", mode=0o755),)),
    ("files: [{target: /a, content: '', mode: 4755}]", "files", (File("/a", content="", mode=0o4755),)),
    ("include: [libx.so.1, '/usr/lib/*']", "include", ("libx.so.1", "/usr/lib/*")),
    ("layers: [{name: a, paths: [/b]}]", "layers", (LayerRule("a", ("/b",)),)),
    ("resources: {memory: 64M, cpus: 0.5, pids: 10}", "resources", Resources(64 << 20, 0.5, 10)),
    ("resources: {memory: 1.5 GiB}", "resources", Resources(3 << 29)),
    ("resources: {memory: 100000}", "resources", Resources(100000)),
    ("restart: no", "restart", Restart("no")),
    ("restart: on-failure:3", "restart", Restart("on-failure", 3)),
    ("restart: 'always'", "restart", Restart("always")),
    ("network: none", "network", "none"),
    ("read_only: true", "read_only", True),
    ("read_only: False", "read_only", False),
    ("tests: [{log: ready}]", "tests", (Check(log="ready"),)),
    ("tests: [{log: 5, within: 1m, name: n}]", "tests", (Check("n", log="5", within=60.0),)),
    ("tests: [{command: a 'b c'}]", "tests", (Check(command=("a", "b c")),)),
    (
        "tests: [{command: [a], exit: 255, output: '^x$', stderr: ''}]",
        "tests",
        (Check(command=("a",), exit=255, output="^x$", stderr=""),),
    ),
    ("tests: [{http: {port: 80}}]", "tests", (Check(http=Http(80)),)),
    (
        "tests: [{http: {port: 80, path: '/a?b=c', status: 404, body: ok}}]",
        "tests",
        (Check(http=Http(80, "/a?b=c", 404, "ok")),),
    ),
]

# (text, line:column, what, hint)
BAD = [
    ("name: Web", "1:7", "'name': 'Web' is not a name of lower-case letters, digits, . _ -", "name wants the container's name"),
    ("image: web:latest", "1:8", "'image': 'web:latest' is not an image name", "image wants the image's full name, localhost/NAME by default"),
    ("tag: .x", "1:6", "'tag': '.x' is not a tag", "tag wants the tag of the image, latest by default"),
    ("tag: ~", "1:6", "'tag' wants the tag of the image, latest by default", ""),
    ("base: [a]", "1:7", "'base' wants an image to build on: a layout directory or an archive, relative to container.yaml", ""),
    ("entrypoint: 'a", "1:15", "found unexpected end of stream", ""),
    ("entrypoint: a 'b", "1:13", "'entrypoint': no closing quotation", ""),
    ("entrypoint:", "1:12", "'entrypoint' wants a list: the program and its fixed arguments", ""),
    ("cmd: {a: b}", "1:6", "'cmd' wants a list: arguments that can be replaced when it is run", ""),
    ("cmd: [[a]]", "1:7", "'cmd' wants a word", ""),
    ("env: text", "1:6", "'env' wants keys and values", ""),
    ("env: [A]", "1:7", "'env': 'A' has no '='", ""),
    ("env: {A: [1]}", "1:10", "'env.A' wants a text", 'write "" for an empty one'),
    ("env: {A: }", "1:9", "'env.A' wants a text", 'write "" for an empty one'),
    ("env: {A: 1, A: 2}", "1:13", "the key 'A' stands twice", ""),
    ("user: a b", "1:7", "'user': 'a b' is not user[:group]", "user wants user[:group], by number or name"),
    ("workdir: srv", "1:10", "'workdir': 'srv' is not an absolute path", "workdir wants an absolute path"),
    ("ports: 80", "1:8", "'ports' wants a list: ports of the target that the container answers on", ""),
    ("ports: [0]", "1:9", "'ports': '0' is not a port such as 8080:80", "ports wants HOST:CONTAINER[/udp]"),
    ("ports: ['80:70000']", "1:9", "'ports': '80:70000' is not a port such as 8080:80", "ports wants HOST:CONTAINER[/udp]"),
    ("volumes: [data]", "1:11", "'volumes': 'data' is not a volume such as data:/var/lib/app", "volumes wants NAME:/PATH[:ro] or /HOST:/PATH[:ro]"),
    ("devices: [ttyS0]", "1:11", "'devices': 'ttyS0' is not a device such as /dev/ttyUSB0", WANTS_DEVICE),
    ("devices: [{}]", "1:11", "'devices' wants one way to say which device is meant, here is none", ""),
    ("devices: [{path: /dev/x}]", "1:11", "'devices' wants one way to say which device is meant, here is none", ""),
    ("devices: [{tty: a, gpu: b}]", "1:11", "'devices' wants one way to say which device is meant, here is more than one: tty, gpu", ""),
    ("devices: [{tty: }]", "1:16", "'devices.tty' wants a text", ""),
    ("devices: [{tty: ' '}]", "1:17", "'devices.tty': ' ' is empty, or has blanks around it", "devices.tty wants a text"),
    ("devices: [{tty: a, access: x}]", "1:28", "'devices.access': 'x' is not of r, w, m", "devices.access wants what it may: of r, w, m"),
    ("devices: [{tty: a, path: x}]", "1:26", "'devices.path': 'x' is not an absolute path", "devices.path wants the path of its node in the container"),
    ("devices: [{cdi: vendor.com}]", "1:11", "'devices.cdi': 'vendor.com' is not the name of a CDI device such as vendor.com/class=name", ""),
    ("devices: [{cdi: v.com/c=n, path: /dev/x}]", "1:11", "'devices.cdi': path and access are what the CDI spec says", ""),
    ("devices: ['/dev/x:']", "1:11", "'devices': '/dev/x:' is not a device such as /dev/ttyUSB0", WANTS_DEVICE),
    ("volumes: ['data:/']", "1:11", "'volumes': 'data:/' is not a volume such as data:/var/lib/app", "volumes wants NAME:/PATH[:ro] or /HOST:/PATH[:ro]"),
    ("volumes: ['a b:/c']", "1:11", "'volumes': 'a b:/c' is not a volume such as data:/var/lib/app", "volumes wants NAME:/PATH[:ro] or /HOST:/PATH[:ro]"),
    ("labels: [x]", "1:10", "'labels': 'x' has no '='", ""),
    ("author: {a: b}", "1:9", "'author' wants who to ask about it", ""),
    ("stop_signal: term!", "1:14", "'stop_signal': 'term!' is not a signal such as SIGTERM", "stop_signal wants a signal such as SIGTERM"),
    ("stop_signal: SIGTREM", "1:14", "'stop_signal': 'SIGTREM' is not a signal such as SIGTERM", "stop_signal wants a signal such as SIGTERM"),
    ("stop_signal: TERM9", "1:14", "'stop_signal': 'TERM9' is not a signal such as SIGTERM", "stop_signal wants a signal such as SIGTERM"),
    ("workdir: /a/../b", "1:10", "'workdir': '/a/../b' has a '..'", "workdir wants an absolute path"),
    ("files: [{target: /../a, content: x}]", "1:18", "'files.target': '/../a' has a '..'", "files.target wants an absolute path in the image"),
    ("env: {'A=B': c}", "1:14", "'env': 'A=B' can't be a name", ""),
    ("env: ['=c']", "1:7", "'env': '' can't be a name", ""),
    ("stop_timeout: soon", "1:15", "'stop_timeout': 'soon' is not a time such as 10s or 1m30s", "stop_timeout wants a time such as 10s"),
    ("stop_timeout: ''", "1:15", "'stop_timeout': '' is not a time such as 10s or 1m30s", "stop_timeout wants a time such as 10s"),
    ("healthcheck: {}", "1:14", "'healthcheck': give either 'command' or 'http'", ""),
    ("healthcheck: {command: a, http: {port: 1}}", "1:14", "'healthcheck': give either 'command' or 'http'", ""),
    ("healthcheck: {http: {path: /}}", "1:21", "'healthcheck.http' has no 'port'", ""),
    ("healthcheck: {http: {port: 70000}}", "1:28", "'healthcheck.http.port': '70000' is not a port", "healthcheck.http.port wants a port of the target"),
    ("healthcheck: {http: {port: x}}", "1:28", "'healthcheck.http.port': 'x' is not a whole number", "healthcheck.http.port wants a port of the target"),
    ("healthcheck: {command: a, retries: -1}", "1:36", "'healthcheck.retries': '-1' is not a whole number", "healthcheck.retries wants how often to try"),
    ("files: [{content: x}]", "1:9", "'files' has no 'target'", ""),
    ("files: [{target: /a}]", "1:9", "'files': give either 'source' or 'content'", ""),
    ("files: [{target: /a, source: b, content: c}]", "1:9", "'files': give either 'source' or 'content'", ""),
    ("files: [{target: /a, content: '', mode: 9}]", "1:41", "'files.mode': '9' is not a mode such as 0644", "files.mode wants an octal mode such as 0644"),
    ("files: [{target: /a, content: '', owner: 'a b'}]", "1:42", "'files.owner': 'a b' is not user:group", "files.owner wants user:group, by number or name"),
    ("include: lib.so", "1:10", "'include' wants a list: libraries by name and paths to bring from the sysroot", ""),
    ("layers: [{name: a}]", "1:10", "'layers' has no 'paths'", ""),
    ("resources: {memory: much}", "1:21", "'resources.memory': 'much' is not a size such as 64M", "resources.memory wants a size such as 64M"),
    ("resources: {cpus: x}", "1:19", "'resources.cpus': 'x' is not a number", "resources.cpus wants a number of processors such as 0.5"),
    ("restart: yes", "1:10", "'restart': 'yes' is not one of no, always, unless-stopped, on-failure[:N]", "restart wants no, always, unless-stopped or on-failure[:N]"),
    ("restart: always:3", "1:10", "'restart': 'always:3' is not one of no, always, unless-stopped, on-failure[:N]", "restart wants no, always, unless-stopped or on-failure[:N]"),
    ("network: br0", "1:10", "'network': 'br0' is not one of host, bridge, none", "network wants host, bridge or none"),
    ("networks: [a]", "1:11", "'networks' wants keys and values", ""),
    ("networks: {'A b': }", "1:12", "'networks': 'A b' can't be a name", ""),
    ("networks: {a: {subnet: 10.9.0.1/24}}", "1:24", "'networks.a.subnet': '10.9.0.1/24' is not a subnet such as 10.9.0.0/24", "networks.a.subnet wants a subnet such as 10.9.0.0/24"),
    ("networks: {a: {gateway: x}}", "1:25", "'networks.a.gateway': 'x' is not an address", "networks.a.gateway wants an address of the subnet"),
    ("networks: {a: {vlan: 4095}}", "1:22", "'networks.a.vlan': '4095' is not a number from 1 to 4094", "networks.a.vlan wants an 802.1Q tag"),
    ("network: none\nnetworks: {a: }", "1:1", "give either 'network' or 'networks'", ""),
    ("read_only: yes", "1:12", "'read_only': 'yes' is neither true nor false", "read_only wants true or false"),
    ("tests: {log: x}", "1:8", "'tests' wants a list: what container-test tries while the container runs", ""),
    ("tests: [{name: x}]", "1:9", "'tests': give one of 'command', 'http' and 'log'", ""),
    ("tests: [{log: x, command: y}]", "1:9", "'tests': give one of 'command', 'http' and 'log'", ""),
    ("tests: [{http: {port: 1}, log: x}]", "1:9", "'tests': give one of 'command', 'http' and 'log'", ""),
    ("tests: [{command: ''}]", "1:9", "'tests': 'command' is empty", ""),
    ("tests: [{log: x, output: y}]", "1:9", "'tests': 'output' goes with 'command'", ""),
    ("tests: [{log: x, exit: 1}]", "1:9", "'tests': 'exit' goes with 'command'", ""),
    ("tests: [{log: '('}]", "1:15", "'tests.log': '(' is not a regular expression: missing ), unterminated subpattern at position 0", "tests.log wants a regular expression that a line of the container's output matches"),
    ("tests: [{command: a, exit: 256}]", "1:28", "'tests.exit': '256' is not an exit status", "tests.exit wants the exit status of the command, 0 by default"),
    ("tests: [{http: {path: /}}]", "1:16", "'tests.http' has no 'port'", ""),
    ("tests: [{http: {port: 1, path: x}}]", "1:32", "'tests.http.path': 'x' is not an absolute path", "tests.http.path wants a path, / by default"),
    ("tests: [{http: {port: 1, path: /a b}}]", "1:32", "'tests.http.path': '/a b' has a character that is no part of a URL: write it as %XX", "tests.http.path wants a path, / by default"),
    ("tests: [{http: {port: 1, status: 99}}]", "1:34", "'tests.http.status': '99' is not a status of HTTP", "tests.http.status wants the status of the answer, 200 by default"),
    ("tests: [{log: x, within: soon}]", "1:26", "'tests.within': 'soon' is not a time such as 10s or 1m30s", "tests.within wants a time such as 30s in which it has to hold once, 10s by default"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value"), GOOD, ids=[text for text, _, _ in GOOD])
def test_it_is_understood(tmp_path: Path, text: str, key: str, value: Any) -> None:
    path = tmp_path / "container.yaml"
    path.write_text(text)

    assert read.load(path) == Spec(**{key: value})


@pytest.mark.parametrize(("text", "place", "what", "hint"), BAD, ids=[text for text, *_ in BAD])
def test_it_is_refused_with_its_place(tmp_path: Path, text: str, place: str, what: str, hint: str) -> None:
    path = tmp_path / "container.yaml"
    path.write_text(text)

    with fails(f"{path}:{place}: {what} [bad-spec]" + (f"\n  hint: {hint}" if hint else "")):
        read.load(path)


SCHEMA = jsonschema.Draft202012Validator(read.json_schema(load().devices()))
# What only the reader knows: the shape is right, the text is not.
BEYOND = (
    "entrypoint: a '",
    "env: [A]",
    "workdir: srv",
    "ports: ",
    "volumes: ",
    "networks: {a: {",
    "network: none\n",
    "devices: [{cdi: v.com/c=n, path",
    "stop_timeout: ",
    "files: ",
    "resources: ",
    "read_only: y",
    "tests: [",
)


@pytest.mark.parametrize("text", [text for text, _, _ in GOOD if "22:22" not in text])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    SCHEMA.validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", [bad[0] for bad in BAD if "twice" not in bad[2] and "stream" not in bad[2]])
def test_the_schema_refuses_what_has_the_wrong_shape(text: str) -> None:
    if SCHEMA.is_valid(yaml.safe_load(text)):
        assert text.startswith(
            (
                *BEYOND,
                "labels: [x",
                "healthcheck: {command: a, ",
                "healthcheck: {}",
                "healthcheck: {http: {port: 7",
            )
        )


def test_every_key_has_a_good_and_a_bad_value_here() -> None:
    keys = set(read.json_schema({})["else"]["properties"])

    assert {key for _, key, _ in GOOD} | {"base"} == keys
    assert {bad[0].partition(":")[0] for bad in BAD} == keys


def test_the_schema_is_one_and_describes_every_key() -> None:
    schema = read.json_schema({})

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "container.yaml"
    assert all(part["description"] for part in schema["else"]["properties"].values())
