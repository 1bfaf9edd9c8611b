"""The contracts of the families, for the tests of plugin authors: what our own plugins pass.

from sdk_hooks.testing import check_runtime

def test_contract():
    check_runtime(MyRuntime())
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sdk_hooks.base_images import BaseImage
from sdk_hooks.container import Container, Joined, Network, Port, Settings, Volume
from sdk_hooks.core import build
from sdk_hooks.core.contracts import (
    check_argv,
    check_cluster,
    check_plugin,
    check_script,
    require,
    stack_scripts,
)
from sdk_hooks.core.deploy import matching
from sdk_hooks.core.files.fileset import FILE, Entry, Group
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.oci import layout
from sdk_hooks.core.shell import quoted
from sdk_hooks.core.spec import feeds
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.families import DeviceKind, ImageBackend, NetworkDriver, Runtime, Stack
from sdk_hooks.image import Image
from sdk_hooks.limits import Resources
from sdk_hooks.packages import PackageFormat
from sdk_hooks.runclike import RuncLike
from sdk_hooks.target import Platform, StackFacts, Target

__all__ = [
    "TARGET",
    "check_base_image",
    "check_cluster",
    "check_device",
    "check_image_backend",
    "check_network",
    "check_package_format",
    "check_plugin",
    "check_runtime",
    "check_stack",
    "container",
]

_DIGEST = "sha256:" + "0" * 64
TARGET = Target(
    "root@board",
    Platform("arm64", "v8"),
    0,
    PurePosixPath("/var/lib/devtool-containers"),
    cgroup=2,
    programs=frozenset({"tar", "gzip"}),
    overlay=True,
)
"""A target such as a plugin may be asked about."""


class _Runtime(RuncLike):
    """Stands for any runtime, where a stack has to be given one."""

    name = "runtime"
    summary = "any runtime"


def container(**changes: object) -> Container:
    """A container such as a stack may be asked to run; *changes* are fields of `sdk_hooks.Container`."""
    state = TARGET.state
    values: dict[str, object] = {
        "name": "web",
        "image": "localhost/web:0123456789ab",
        "digest": _DIGEST,
        "config": {"Entrypoint": ["/usr/bin/web"], "Cmd": ["it's"], "User": "65532:65532"},
        "settings": Settings(
            env={"GREETING": "hello $HOME; it's `me`"},
            ports=(Port(8080, 8080),),
            volumes=(Volume("data", "/var/lib/web"), Volume("/srv/with blank", "/srv", True)),
            resources=Resources(64 << 20, 0.5, 100),
            network="host",
        ),
        "layers": (_DIGEST,),
        "user": (65532, 65532),
        "directory": state / "apps" / "web" / "0123456789ab",
        "state": state,
        "runtime": _Runtime(),
    }
    return Container(**{**values, **changes})  # type: ignore[arg-type]  # the values are of the fields' types


def check_runtime(runtime: Runtime) -> None:
    """The contract of `sdk_hooks.Runtime`.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(runtime)
    name, bundle = "web", PurePosixPath("/run/bundle")
    require(isinstance(runtime.refuses(container()), str), f"{runtime.name}.refuses gives a text")
    require(runtime.needs(TARGET).programs, f"{runtime.name}: needs() names the program that it runs")
    ways = runtime.alone or runtime.program or runtime.handler
    require(ways, f"{runtime.name}: neither alone nor by program or handler can it be used")
    if not runtime.alone:
        return
    commands = {
        "run": runtime.run(container(), bundle),
        "exec": runtime.exec(name, (1000, 1000), ("/bin/check", "a b")),
        "state": runtime.state(name),
        "kill": runtime.kill(name, "TERM"),
        "delete": runtime.delete(name),
    }
    require(isinstance(runtime.filters(), tuple), f"{runtime.name}.filters is a tuple of words")
    for verb, argv in commands.items():
        check_argv(f"{runtime.name}.{verb}", argv)
        require(name in argv, f"{runtime.name}.{verb}: {argv} does not name the container")
        check_script(f"{runtime.name}.{verb}", quoted(argv))
        if argv[:2] == ("sh", "-c"):
            check_script(f"{runtime.name}.{verb}", argv[2])
    require(commands["exec"][-2:] == ("/bin/check", "a b"), f"{runtime.name}.exec ends with the command")
    require(str(bundle) in " ".join(commands["run"]), f"{runtime.name}.run does not name the bundle")


def check_stack(stack: Stack) -> None:
    """The contract of `sdk_hooks.Stack`.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(stack)
    box = container()
    require(stack.takes in ("archive", "layers"), f"{stack.name}.takes is {stack.takes!r}")
    require("host" in stack.networks, f"{stack.name}.networks has host")
    require(stack.space >= 1, f"{stack.name}.space is at least 1: what is sent stays")
    check_argv(f"{stack.name}.programs", stack.programs)
    check_argv(f"{stack.name}.load", stack.load())
    check_argv(f"{stack.name}.tag", stack.tag("localhost/web:1", "localhost/web:latest"))
    check_argv(f"{stack.name}.untag", stack.untag("localhost/web:1"))
    check_argv(f"{stack.name}.run", stack.run(box))
    command = ("/bin/check", "a b")
    check_argv(f"{stack.name}.exec", stack.exec(box, command))
    require(
        stack.exec(box, command) == (*stack.exec(box, ()), *command),
        f"{stack.name}.exec ends with the command",
    )
    for follow in (False, True):
        check_argv(f"{stack.name}.logs", stack.logs(box, follow, 10))
    known = replace(TARGET, stacks={stack.name: StackFacts("99")})
    words = [word for pair in stack.environment(known).items() for word in pair]
    require(all(isinstance(word, str) for word in words), f"{stack.name}.environment maps texts to texts")
    nested = replace(TARGET, uid=1000, stacks={stack.name: StackFacts("99", daemon="/run/user/1000/daemon")})
    check_argv(f"{stack.name}.inside", (*stack.inside(nested), "true"))
    require(isinstance(stack.lacks(_Runtime(), known), str), f"{stack.name}.lacks gives a text")
    setup = stack.setup(_Runtime(), known)
    require(setup is None or setup.path.startswith("/"), f"{stack.name}.setup names a file of the target")
    check_script(f"{stack.name}.setup", setup.reload if setup else "")
    for argv in (*stack.remove(box), *filter(None, (stack.forget_volume("data"),))):
        check_argv(f"{stack.name}.remove", argv)
    _check_unit(stack, container(unit="container-web"))
    joined = container(networks=(Joined(Network("web-default"), ("bridge", {})),), alias="web")
    for name, text in stack_scripts(stack, box, joined, TARGET).items():
        check_script(f"{stack.name}.{name}", text)


def _check_unit(stack: Stack, box: Container) -> None:
    """As a unit of the target's init, where the stack can let *box* be one."""
    facts = StackFacts("99", units="/usr/lib/generator")
    unit = stack.unit(box, replace(TARGET, init="systemd", stacks={stack.name: facts}))
    if unit:
        stop = [quoted(argv) for argv in stack.remove(box)]
        logs = quoted(stack.logs(box, False, 10))
        check_script(
            f"{stack.name}.unit", "\n".join((unit.enable, unit.disable, stack.state(box), logs, *stop))
        )
        require(box.unit in " ".join(stop), f"{stack.name}.remove stops the unit")


def check_network(driver: NetworkDriver) -> None:
    """The contract of `sdk_hooks.NetworkDriver`.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(driver)
    networks = [Network("net"), Network("net", parent="eth1"), Network("net", parent="eth1", vlan=5)]
    able = [network for network in networks if not driver.refuses(network)]
    require(able, f"{driver.name} refuses every network")
    for network in able:
        conf, engine = driver.cni(network), driver.engine(network)
        require(conf.get("type"), f"{driver.name}.cni names the plugin: type")
        require(
            not {"name", "cniVersion", "ipam"} & set(conf), f"{driver.name}.cni leaves name and IPAM to us"
        )
        require(json.dumps(conf), f"{driver.name}.cni can be written as JSON")
        words = engine is None or all(isinstance(word, str) for pair in engine[1].items() for word in pair)
        require(words, f"{driver.name}.engine: options are texts")


def check_device(kind: DeviceKind) -> None:
    """The contract of `sdk_hooks.DeviceKind`; its script is also run on this machine, for what is not there.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(kind)
    require(kind.name not in ("path", "access", "cdi", "can"), f"{kind.name!r} is a key of every device")
    require(kind.values and "\n" not in kind.values, f"{kind.name}: the values are told in one line")
    require(isinstance(kind.pairs, bool), f"{kind.name}.pairs is true or false")
    re.compile(kind.pattern)
    check_script(f"{kind.name}.find", f"find() {{\n{kind.find().rstrip()}\n}}\n")
    word = "NOTHING=dtc-nothing" if kind.pairs else "dtc-nothing"
    text = f"{matching.library()}find() {{\n{kind.find().rstrip()}\n}}\nfind {word}\n"
    done = subprocess.run(("sh",), input=text.encode(), capture_output=True, check=False)
    for line in done.stdout.decode().splitlines():
        require(re.match(r"(near|problem|hint) \S", line), f"{kind.name}.find prints {line!r}")


def check_package_format(form: PackageFormat) -> None:
    """The contract of `sdk_hooks.packages.PackageFormat`, as far as it holds for any package.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(form)
    require(re.fullmatch(r"\.[a-z]+", form.suffix), f"{form.name}.suffix is like .deb")
    versions = ("1.0", "1.9", "1.10", "1:0.1")
    for at, one in enumerate(versions):
        for number, other in enumerate(versions):
            order = form.compare(one, other)
            require(
                (order > 0) - (order < 0) == (at > number) - (at < number),
                f"{form.name}.compare orders versions",
            )
    try:
        with form.opened(io.BytesIO(b"no package")):
            require(False, f"{form.name}.opened refuses what is no package")
    except ValueError as error:
        require(str(error), f"{form.name}.opened says what is wrong")


def check_base_image(base: BaseImage) -> None:
    """What holds for a value of `sdk_hooks.base_images.BaseImage`, whatever the feed.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(base)
    for each in base.lists:
        names = [feeds.wanted(n).name for text in each.packages for n in text.removesuffix("?").split("|")]
        require(set(each.alone) <= set(names), f"{base.name}: what is taken alone is among the packages")
    for text in (*base.exclude, *base.setuid, *base.links, base.applets or "/", *base.entrypoint[:1]):
        require(text.removeprefix("!").startswith("/"), f"{base.name}: {text!r} is an absolute path")
    SPEC.said("stop_signal", base.stop_signal or "SIGTERM")
    SPEC.said("user", base.user or "0")


def check_image_backend(backend: ImageBackend) -> None:
    """The contract of `sdk_hooks.ImageBackend`: writes, replaces, and writes the same again.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(backend)
    require(
        backend.suffix.startswith(("-", ".")), f"{backend.name}.suffix follows a tag: it starts with - or ."
    )
    with TemporaryDirectory() as text:
        directory = Path(text)
        image = _image(directory / "built")
        outputs = [directory / f"{name}{backend.suffix}" for name in ("one", "two")]
        for output in (*outputs, outputs[0]):
            backend.write(image, output)
        require(all(output.exists() for output in outputs), f"{backend.name} writes its destination")
        same = _content(outputs[0]) == _content(outputs[1])
        require(same, f"{backend.name}: the same image gives the same bytes")
        left = {path.name for path in directory.iterdir()} - {"built", *(output.name for output in outputs)}
        require(not left, f"{backend.name} leaves {sorted(left)} behind")


def _image(place: Path) -> Image:
    group = Group("application")
    group.add([Entry("usr/bin/web", FILE, 0o755, size=3, data=b"web")])
    source = Source([group], Platform("amd64"))
    built = build.build("web", source, Spec(entrypoint=("/usr/bin/web",)), place, build.EPOCH)
    return layout.Layout(built.image.layout).image()


def _content(path: Path) -> object:
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    return path.read_bytes()
