"""The hooks: where plugins join in.

Three kinds, told apart by name: `sdk_<nouns>` contributes a list, `sdk_choose_<noun>` answers one
question, `sdk_<noun>_<event>` announces.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

from sdk_hooks.base_images import BaseImage
from sdk_hooks.families import DeviceKind, Hypervisor, ImageBackend, NetworkDriver, Runtime, Stack
from sdk_hooks.image import Image
from sdk_hooks.kubernetes import Cluster
from sdk_hooks.packages import PackageFormat
from sdk_hooks.target import Target

API_VERSION = 1
"""Grows when a hook or a Protocol changes. A plugin module may say `SDK_HOOKS_API = n`, the version
that it was written for: a newer one than this is reported and not loaded."""

hookspec = pluggy.HookspecMarker("sdk_hooks")
hookimpl = pluggy.HookimplMarker("sdk_hooks")


@hookspec
def sdk_runtimes() -> list[Runtime]:
    """Contribute OCI runtimes.

    Called once, when a command first asks for a runtime. The lists of all plugins are joined; two members
    with one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.Runtime`; `sdk_hooks.testing.check_runtime` says if they do.

    Added in API 1. In this tree: plugins/runtimes/crun.py.
    """
    return []


@hookspec
def sdk_stacks() -> list[Stack]:
    """Contribute container engines, or what stands in for one on a target.

    Called once, before a target is probed: the probe asks for the programs of every stack. The lists of all
    plugins are joined; two members with one name are an error for who asks for that name. Return an empty
    list, never None.

    :returns: Objects that satisfy `sdk_hooks.Stack`; `sdk_hooks.testing.check_stack` says if they do.

    Added in API 1. In this tree: plugins/stacks/podman.py.
    """
    return []


@hookspec
def sdk_networks() -> list[NetworkDriver]:
    """Contribute drivers of networks, which `networks:` of container.yaml names.

    Called once, when an application has networks of its own. The lists of all plugins are joined; two members
    with one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.NetworkDriver`; `sdk_hooks.testing.check_network` says if they
        do.

    Added in API 1. In this tree: plugins/networks/bridge.py.
    """
    return []


@hookspec
def sdk_hypervisors() -> list[Hypervisor]:
    """Contribute hypervisors, which start targets as virtual machines on this machine.

    Called once, when a target is named after a hypervisor. The lists of all plugins are joined; two members
    with one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.Hypervisor`.

    Added in API 1. In this tree: plugins/hypervisors/qemu/__init__.py.
    """
    return []


@hookspec
def sdk_devices() -> list[DeviceKind]:
    """Contribute ways to say which device of a target a container gets, each a key in `devices:`.

    Called once, when a container has a device that is not named by its path, and for the JSON Schema. The
    lists of all plugins are joined; two members with one name are an error for who asks for that name.
    Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.DeviceKind`; `sdk_hooks.testing.check_device` says if they do.

    Added in API 1. In this tree: plugins/devices/tty.py.
    """
    return []


@hookspec
def sdk_package_formats() -> list[PackageFormat]:
    """Contribute formats of packages, and of the feeds that have them.

    Called once, when packages are to be installed out of a feed. The lists of all plugins are joined; two
    members with one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.packages.PackageFormat`;
        `sdk_hooks.testing.check_package_format` says if they do.

    Added in API 1. In this tree: plugins/feeds/deb.py.
    """
    return []


@hookspec
def sdk_base_images() -> list[BaseImage]:
    """Contribute base images, which `base:` of container.yaml and `--base` name.

    Called once, when a build names a base that is neither a path nor an image in the deploy directory. The
    lists of all plugins are joined; two members with one name are an error for who asks for that name.
    Return an empty list, never None.

    :returns: Values of `sdk_hooks.base_images.BaseImage`; `sdk_hooks.testing.check_base_image` says if they
        make sense.

    Added in API 1. In this tree: plugins/base_images/small.py.
    """
    return []


@hookspec
def sdk_clusters() -> list[Cluster]:
    """Contribute distributions of Kubernetes.

    Called once, when something is deployed to a cluster. The lists of all plugins are joined; two members
    with one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.kubernetes.Cluster`; `sdk_hooks.testing.check_cluster` says if
        they do.

    Added in API 1. In this tree: plugins/clusters/k3s.py.
    """
    return []


@hookspec
def sdk_image_backends() -> list[ImageBackend]:
    """Contribute forms that a built image can be written in, for `container-build --output`.

    Called once, when an image is about to be built. The lists of all plugins are joined; two members with
    one name are an error for who asks for that name. Return an empty list, never None.

    :returns: Objects that satisfy `sdk_hooks.ImageBackend`; `sdk_hooks.testing.check_image_backend` says if
        they do.

    Added in API 1. In this tree: plugins/image_backends/oci_archive.py.
    """
    return []


@hookspec(firstresult=True)
def sdk_choose_stack(target: Target, stacks: Mapping[str, Stack]) -> str | None:
    """Pick the stack for *target* when the user named none.

    The first answer that is not None wins, plugins registered last being asked first. Return None to pass.
    With no answer at all the deployment is refused, with what the probe found of each stack.

    :param target: As probed; `target.stacks` says what each stack said of itself.
    :param stacks: Those that can be used on *target*, by name. Do not modify.
    :returns: A key of *stacks*, or None.

    Added in API 1. In this tree: plugins/stacks/none.py.
    """
    return None


@hookspec(firstresult=True)
def sdk_choose_runtime(target: Target, runtimes: Mapping[str, Runtime]) -> str | None:
    """Pick the runtime for *target* when there is no engine and the user named none.

    The first answer that is not None wins, plugins registered last being asked first. Return None to pass.
    With no answer at all the first by name is taken.

    :param target: As probed.
    :param runtimes: Those whose needs *target* meets, by name; at least one. Do not modify.
    :returns: A key of *runtimes*, or None.

    Added in API 1. In this tree: plugins/runtimes/crun.py.
    """
    return None


@hookspec
def sdk_image_built(image: Image, previous: Image | None) -> str | None:
    """Announce an image that was just built and written.

    Called after all output is written. What an implementation returns is told to the user as a remark, None
    is nothing to say; what it raises is reported as a warning that names the plugin, and changes nothing.

    :param image: The new image.
    :param previous: What stood in the same place before, or None. Its layers may be gone.
    :returns: One line for the user, or None.

    Added in API 1. In this tree: plugins/notices/growth.py.
    """
    return None
