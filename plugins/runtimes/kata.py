"""kata: each container in a virtual machine of its own; since 2.0 by a shim, without runc's command line."""

from __future__ import annotations

from sdk_hooks import Container, Needs, Target, hookimpl
from sdk_hooks.runclike import RuncLike, shim
from sdk_hooks.security import beyond


class Kata(RuncLike):
    """Nothing is configured for it: what comes with it will do.

    Its configuration.toml is installed with it, in /usr/share/defaults/kata-containers or below /opt/kata,
    with the paths of the hypervisor, kernel and image that it was built for, and its shim finds that itself
    (src/runtime/README.md of kata-containers). A fragment in config.d counts only beside such a file, and
    could but repeat it. Where a target differs, /etc/kata-containers/configuration.toml on it goes first.
    """

    name = "kata"
    summary = "each container in a virtual machine under KVM, for code that is not trusted"
    alone = False
    program = ""
    handler = "io.containerd.kata.v2"

    def needs(self, target: Target) -> Needs:  # noqa: ARG002
        return Needs(
            programs=(shim(self.handler),),
            devices=("/dev/vhost-vsock",),  # how its agent in the machine is spoken to
            one_of=("/dev/kvm", "/dev/mshv"),
            one_of_means="hardware virtualization, nested where the target is a virtual machine itself",
            least=((shim(self.handler), "2.5", "log to a file"),),
        )

    def refuses(self, container: Container) -> str:
        if container.settings.network == "host":
            return (
                "share the target's network: its virtual machine has one of its own; "
                "networks: {n: {}} in container.yaml makes it part of one"
            )
        if container.cdi or any(node.kind == "c" for node in container.devices):
            return "pass character devices into its virtual machine"
        if container.settings.resources.pids:
            return "limit processes: it passes that over"
        tuned = [(key, joined.network.name) for joined in container.networks for key in joined.network.sysctl]
        if tuned:
            return "set {} in the network {!r}: its virtual machine has another kernel".format(*tuned[0])
        return beyond(container.settings, "sysctls", "group_add", "security_opt")


@hookimpl
def sdk_runtimes() -> list[Kata]:
    return [Kata()]
