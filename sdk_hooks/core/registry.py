"""Finds plugins by entry point, keeps the broken ones apart, and looks members up by name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from sdk_hooks import spec
from sdk_hooks.errors import SdkError, UnknownPluginError, did_you_mean

if TYPE_CHECKING:
    from sdk_hooks.base_images import BaseImage
    from sdk_hooks.families import (
        DeviceKind,
        Hypervisor,
        ImageBackend,
        NetworkDriver,
        Plugin,
        Runtime,
        Stack,
    )
    from sdk_hooks.kubernetes import Cluster
    from sdk_hooks.packages import PackageFormat

GROUP = "sdk_hooks"
FAMILIES = {
    "runtime": "sdk_runtimes",
    "stack": "sdk_stacks",
    "network": "sdk_networks",
    "hypervisor": "sdk_hypervisors",
    "image_backend": "sdk_image_backends",
    "device": "sdk_devices",
    "package_format": "sdk_package_formats",
    "base_image": "sdk_base_images",
    "cluster": "sdk_clusters",
}

Member = TypeVar("Member", bound="Plugin")


@dataclass(frozen=True)
class Loaded:
    """One entry point: what it is, and why it can't be used when it can't."""

    name: str
    """Of the entry point, by convention `family.name`."""
    distribution: str
    problem: str = ""
    hooks: tuple[str, ...] = ()


@dataclass
class Plugins:
    """Every plugin that was found; members of a family are asked for by name.

    Make one with `load()`; there is no global one.
    """

    manager: pluggy.PluginManager
    entries: list[Loaded] = field(default_factory=list)

    def family(self, family: str) -> Mapping[str, Plugin]:
        """The members of *family* by name; those whose name two plugins claim are left out."""
        members, counts = self._members(family)
        return {member.name: member for member in members if counts[member.name] == 1}

    def conflicts(self) -> dict[tuple[str, str], list[str]]:
        """For each (family, name) that several plugins claim, the modules that do."""
        found = {}
        for family in FAMILIES:
            members, counts = self._members(family)
            for name in sorted(name for name, count in counts.items() if count > 1):
                found[family, name] = sorted(type(m).__module__ for m in members if m.name == name)
        return found

    def runtime(self, name: str) -> Runtime:
        return cast("Runtime", self._one("runtime", name))

    def stacks(self) -> Mapping[str, Stack]:
        return cast("Mapping[str, Stack]", self.family("stack"))

    def stack(self, name: str) -> Stack:
        return cast("Stack", self._one("stack", name))

    def network(self, name: str) -> NetworkDriver:
        return cast("NetworkDriver", self._one("network", name))

    def hypervisor(self, name: str) -> Hypervisor:
        return cast("Hypervisor", self._one("hypervisor", name))

    def image_backend(self, name: str) -> ImageBackend:
        return cast("ImageBackend", self._one("image_backend", name))

    def devices(self) -> Mapping[str, DeviceKind]:
        return cast("Mapping[str, DeviceKind]", self.family("device"))

    def device(self, name: str) -> DeviceKind:
        return cast("DeviceKind", self._one("device", name))

    def package_formats(self) -> Mapping[str, PackageFormat]:
        return cast("Mapping[str, PackageFormat]", self.family("package_format"))

    def base_image(self, name: str) -> BaseImage:
        return cast("BaseImage", self._one("base_image", name))

    def clusters(self) -> Mapping[str, Cluster]:
        return cast("Mapping[str, Cluster]", self.family("cluster"))

    def announce(self, event: str, **arguments: object) -> list[str]:
        """Call every implementation of *event*; what they say, and what goes wrong, comes back as remarks."""
        remarks = []
        for impl in getattr(self.manager.hook, event).get_hookimpls():
            wanted = {name: arguments[name] for name in impl.argnames}
            try:
                said = impl.function(**wanted)
            except Exception as error:  # a listener must not undo what is done
                said = f"plugin {impl.plugin_name!r} failed in {event}: {error}"
            if said:
                remarks.append(str(said))
        return remarks

    def _members(self, family: str) -> tuple[list[Plugin], Counter[str]]:
        lists: list[list[Plugin]] = getattr(self.manager.hook, FAMILIES[family])()
        members = sorted((m for some in lists for m in some), key=lambda member: member.name)
        return members, Counter(member.name for member in members)

    def _one(self, family: str, name: str) -> Plugin:
        members = self.family(family)
        if name in members:
            return members[name]
        modules = self.conflicts().get((family, name))
        if modules:
            raise SdkError(
                f"several plugins provide the {family.replace('_', ' ')} {name!r}",
                detail=f"in modules: {', '.join(modules)}",
                hint="uninstall all but one of them",
                code="plugin-conflict",
            )
        raise UnknownPluginError(family, name, members, self._broken(f"{family}.{name}"))

    def _broken(self, entry: str) -> str:
        for loaded in self.entries:
            if loaded.name == entry and loaded.problem:
                return f"plugin {entry!r} of {loaded.distribution} is not usable: {loaded.problem}"
        return ""


def load(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every plugin of the entry point group `sdk_hooks`, in order of name.

    A plugin that can't be used is recorded with the reason and is otherwise as if it were not there.

    :param found: Entry points to load instead, for tests.
    :raises Exception: What a plugin raised, when SDK_STRICT_PLUGINS=1 is in the environment.
    """
    manager = _Manager("sdk_hooks")
    manager.add_hookspecs(spec)
    plugins = Plugins(manager)
    points = sorted(
        set(entry_points(group=GROUP) if found is None else found),
        key=lambda point: (point.name, point.value),
    )
    distributions = {id(point.dist): point.dist for point in points}
    names = {key: _distribution(each) for key, each in distributions.items()}
    for point in points:
        plugins.entries.append(_load_one(manager, point, names[id(point.dist)]))
    return plugins


class _Manager(pluggy.PluginManager):
    """Looks only at what has the name of a hook: pluggy inspects all that a module has imported as well."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        return super().parse_hookimpl_opts(plugin, name) if name.startswith("sdk_") else None


def _distribution(found: Distribution | None) -> str:
    """Its name, which is parsed out of all its metadata each time that it is asked for."""
    return found.name if found else "unknown"


def _load_one(manager: pluggy.PluginManager, point: EntryPoint, distribution: str) -> Loaded:
    module = None
    try:
        if manager.has_plugin(point.name):
            raise RuntimeError(f"another entry point has the name {point.name!r}")
        module = _checked(point.load(), point)
        manager.register(module, name=point.name)
        manager.check_pending()
        _check_members(module)
    except (Exception, SystemExit) as error:  # anything at all may happen in a stranger's module
        if os.environ.get("SDK_STRICT_PLUGINS") == "1":
            raise
        if manager.get_plugin(point.name) is module is not None:
            manager.unregister(name=point.name)
        return Loaded(point.name, distribution, _reason(error))
    return Loaded(point.name, distribution, hooks=tuple(_hooks(module)))


def _checked(module: Any, point: EntryPoint) -> ModuleType:
    if not isinstance(module, ModuleType):
        raise TypeError(f"entry point {point.value!r} is not a module")
    wanted = getattr(module, "SDK_HOOKS_API", spec.API_VERSION)
    if wanted > spec.API_VERSION:
        raise RuntimeError(
            f"it is written for plugin API {wanted}, this is API {spec.API_VERSION}: "
            "upgrade devtool-containers"
        )
    for name in _hooks(module):
        if not hasattr(spec, name):
            known = [hook for hook in vars(spec) if hook.startswith("sdk_")]
            hint = did_you_mean(name, known)
            raise RuntimeError(f"there is no hook {name!r}" + (f", {hint}" if hint else ""))
    return module


def _check_members(module: ModuleType) -> None:
    """A list hook is called once here, so that a broken one is known by its own name."""
    for hook in set(FAMILIES.values()) & set(_hooks(module)):
        members = getattr(module, hook)()
        for member in members:
            if not isinstance(getattr(member, "name", None), str):
                raise TypeError(f"{hook} gave {member!r}, which has no name")


def _hooks(module: ModuleType) -> list[str]:
    return sorted(name for name, value in vars(module).items() if hasattr(value, "sdk_hooks_impl"))


def _reason(error: BaseException) -> str:
    import traceback  # only for who has a broken plugin

    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({os.path.basename(last[0].filename)}:{last[0].lineno})" if last else ""
    lines = str(error).splitlines() or [""]
    # pluggy says at the end what is wrong
    text = lines[-1 if isinstance(error, pluggy.PluginValidationError) else 0]
    return f"{type(error).__name__}: {text}{where}"
