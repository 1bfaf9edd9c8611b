"""What the distributions need of a node, and everything that any of them asks for."""

from dataclasses import replace

from sdk_plugins.clusters import k3s, k8s, microk8s

K8S, K3S, MICROK8S = k8s.NEEDS, k3s.NEEDS, microk8s.NEEDS

ALL = replace(
    K3S,
    **{
        name: tuple(dict.fromkeys(each for needs in (K3S, K8S, MICROK8S) for each in getattr(needs, name)))
        for name in ("processes", "ports", "options", "modules", "sysctls", "programs", "directories")
    },
    useful={**K3S.useful, **K8S.useful, **MICROK8S.useful},
    handy={**K3S.handy, **K8S.handy},
)
"""Everything that any of them asks for: what the recorded machines were asked."""
