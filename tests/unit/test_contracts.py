"""sdk_hooks.testing: every plugin of this tree passes it, and what breaks a contract does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sdk_hooks import Argv, Container, DeviceKind, Image, ImageBackend, NetworkDriver, Runtime, Stack
from sdk_hooks.base_images import BaseImage
from sdk_hooks.core.registry import Plugins, load
from sdk_hooks.dockerlike import DockerLike
from sdk_hooks.kubernetes import Cluster, NodeStore
from sdk_hooks.output import write_file
from sdk_hooks.packages import PackageFormat
from sdk_hooks.runclike import RuncLike
from sdk_hooks.sysfs import SysfsMembers
from sdk_hooks.testing import (
    check_base_image,
    check_cluster,
    check_device,
    check_image_backend,
    check_network,
    check_package_format,
    check_runtime,
    check_stack,
)

OURS = load()


def members(family: str) -> list[object]:
    return [pytest.param(member, id=name) for name, member in OURS.family(family).items()]


@pytest.mark.parametrize("runtime", members("runtime"))
def test_our_runtimes_keep_the_contract(runtime: Runtime) -> None:
    check_runtime(runtime)


@pytest.mark.parametrize("stack", members("stack"))
def test_our_stacks_keep_the_contract(stack: Stack) -> None:
    check_stack(stack)


@pytest.mark.parametrize("driver", members("network"))
def test_our_network_drivers_keep_the_contract(driver: NetworkDriver) -> None:
    check_network(driver)


@pytest.mark.parametrize("kind", members("device"))
def test_our_device_kinds_keep_the_contract(kind: DeviceKind) -> None:
    check_device(kind)


@pytest.mark.parametrize("form", members("package_format"))
def test_our_package_formats_keep_the_contract(form: PackageFormat) -> None:
    check_package_format(form)


@pytest.mark.parametrize("base", members("base_image"))
def test_our_base_images_keep_the_contract(base: BaseImage) -> None:
    check_base_image(base)


@pytest.mark.parametrize("cluster", members("cluster"))
def test_our_clusters_keep_the_contract(cluster: Cluster) -> None:
    check_cluster(cluster)


@pytest.mark.parametrize("backend", members("image_backend"))
def test_our_image_backends_keep_the_contract(backend: ImageBackend) -> None:
    check_image_backend(backend)


def test_all_of_our_plugins_are_usable() -> None:
    plugins: Plugins = OURS

    assert [(entry.name, entry.problem) for entry in plugins.entries if entry.problem] == []
    assert plugins.conflicts() == {}


class Good(RuncLike):
    name = "good"
    summary = "a runtime"


class Listing(Good):
    def state(self, container: str) -> Argv:
        return ["good", "state", container]  # type: ignore[return-value]  # what is tested


class Nameless(Good):
    def kill(self, container: str, signal: str) -> Argv:
        return ("good", "kill", signal)


class Shouting(Good):
    name = "Good One"


class Wordy(Good):
    summary = "A runtime."


@pytest.mark.parametrize(
    ("runtime", "complaint"),
    [
        (Listing(), "good.state is a tuple of words, not ['good', 'state', 'web']"),
        (Nameless(), "good.kill: ('good', 'kill', 'TERM') does not name the container"),
        (Shouting(), "'Good One' is no name to type"),
        (Wordy(), "good: the summary ends without a full stop"),
    ],
)
def test_a_runtime_that_breaks_the_contract_is_told_how(runtime: Runtime, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_runtime(runtime)

    assert str(caught.value) == complaint


class Bashful(DockerLike):
    name = "bashful"
    summary = "a stack"
    held = "x"

    def state(self, container: Container) -> str:
        return "if then"


def test_a_stack_whose_script_is_no_shell_is_told() -> None:
    with pytest.raises(AssertionError, match=r"^bashful\.state is not POSIX shell: "):
        check_stack(Bashful())


class Finder(SysfsMembers):
    name = "finder"
    summary = "finds what is not there"
    values = "anything"
    directories = ("/sys/class/finder",)

    def find(self) -> str:
        return "echo found it all\n"


class PathKind(Finder):
    name = "path"


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (Finder(), "finder.find prints 'found it all'"),
        (PathKind(), "'path' is a key of every device"),
    ],
)
def test_a_device_kind_that_breaks_the_contract_is_told_how(kind: DeviceKind, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_device(kind)

    assert str(caught.value) == complaint


class Store:
    """Where images are, of a node of which there is not much to say."""

    def inventory(self) -> str:
        return "echo image a\n"

    def load(self) -> Argv:
        return ("load",)

    def keep(self, image: str) -> Argv:
        return ("keep", image)

    def release(self, image: str) -> Argv:
        return ("release", image)

    def forget(self, image: str) -> Argv:
        return ("sh", "-c", 'forget "$1"', "sh", image)


class Careless(Store):
    def release(self, image: str) -> Argv:
        return ()


class Forgetful(Store):
    def forget(self, image: str) -> Argv:
        return ("forget", "everything")


class Scribbler(Store):
    def inventory(self) -> str:
        return "while true"


class Edge:
    name = "edge"
    summary = "a distribution"
    kubectl = ("edge", "kubectl")

    def __init__(self, store: NodeStore | None) -> None:
        self._store = store

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:
        return version == "edge"

    def store(self, runtime: str) -> NodeStore | None:
        return self._store if runtime.startswith("containerd://") else None


class Anything(Edge):
    def store(self, runtime: str) -> NodeStore | None:
        return self._store


def test_a_cluster_may_have_a_store_for_one_runtime_only() -> None:
    check_cluster(Edge(Store()))


@pytest.mark.parametrize(
    ("cluster", "complaint"),
    [
        (Edge(None), r"edge has no store for any of containerd://1\.7\.24, cri-o://1\.32\.0"),
        (Anything(Store()), r"edge\.store gives None for a runtime that it does not know"),
        (Edge(Careless()), r"edge\.store: what keep says, release takes back"),
        (
            Edge(Forgetful()),
            r"edge\.store\.forget: \('forget', 'everything'\) does not name the image",
        ),
        (Edge(Scribbler()), r"edge\.store\.inventory is not POSIX shell: .*"),
    ],
)
def test_a_cluster_that_breaks_the_contract_is_told_how(cluster: Cluster, complaint: str) -> None:
    with pytest.raises(AssertionError, match=f"^{complaint}$"):
        check_cluster(cluster)


class Clock:
    name = "clock"
    summary = "writes something else each time"
    suffix = ".clock"
    count = 0

    def write(self, image: Image, destination: Path) -> None:
        self.count += 1
        write_file(destination, [str(self.count).encode()])


def test_an_image_backend_that_writes_something_else_each_time_is_told() -> None:
    with pytest.raises(AssertionError, match=r"^clock: the same image gives the same bytes$"):
        check_image_backend(Clock())
