"""What workloads need around them: services, storage, secrets, networks, and who may talk to whom."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sdk_hooks.core import cni
from sdk_hooks.core.deploy.network import Drivers
from sdk_hooks.core.k8s import naming, pod, workload
from sdk_hooks.core.k8s.app import BY, INSTANCE, App, Manifest, Member, label


def manifests(app: App, drivers: Drivers) -> list[Manifest]:
    """All objects of *app*, each after those that it refers to.

    :param drivers: Gives the network drivers by name.
    :raises SdkError: When two would have one name, or one is none.
    """
    found = [_account(app), *_networks(app, drivers)]
    claims: dict[str, Manifest] = {}
    for member in app.members:
        found += [*_secrets(app, member), *_configs(app, member)]
        claims.update({each["metadata"]["name"]: each for each in _claims(app, member)})
    found += claims.values()
    for member in app.members:
        found += [*_services(app, member), workload.make(app, member), *_budget(app, member)]
    found += _policies(app)
    naming.check(app, found)
    return found


def _account(app: App) -> Manifest:
    """It may do nothing; the cluster's default one may be allowed something by somebody."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": app.meta(app.name),
        "automountServiceAccountToken": False,
    }


def _secrets(app: App, member: Member) -> Iterator[Manifest]:
    if member.part.secrets:
        data = {each.name: base64.b64encode(each.content).decode() for each in member.part.secrets}
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": app.meta(app.resource(member), member),
            "type": "Opaque",
            "data": data,
        }


def _configs(app: App, member: Member) -> Iterator[Manifest]:
    if not member.part.configs:
        return
    text: dict[str, str] = {}
    binary: dict[str, str] = {}
    for each in member.part.configs:
        try:
            text[each.name] = each.content.decode()
        except UnicodeDecodeError:
            binary[each.name] = base64.b64encode(each.content).decode()
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": app.meta(pod.configs(app, member), member),
        **({"data": text} if text else {}),
        **({"binaryData": binary} if binary else {}),
    }


def _claims(app: App, member: Member) -> Iterator[Manifest]:
    if member.kind == "StatefulSet":
        return
    for name in pod.claims(app, member):
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": app.meta(name),
            "spec": workload.claim(member.said),
        }


def _services(app: App, member: Member) -> Iterator[Manifest]:
    """One by which the other parts reach its pods at any port, and one for the ports that it publishes."""
    selector = app.selector(member)
    if member.serves and (member.part.name or member.kind == "StatefulSet"):
        yield _service(app, workload.headless(app, member), member, clusterIP="None", selector=selector)
    listed = [
        {"name": f"{port.protocol}-{port.host}", "port": port.host, "targetPort": port.container,
         "protocol": port.protocol.upper()}
        for port in member.published
    ]  # fmt: skip
    if listed and member.said.service != "none" and member.serves:
        kind = member.said.service or "ClusterIP"
        yield _service(app, app.resource(member), member, type=kind, selector=selector, ports=listed)


def _service(app: App, name: str, member: Member, **spec: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Service", "metadata": app.meta(name, member), "spec": spec}


def _budget(app: App, member: Member) -> Iterator[Manifest]:
    """Nodes are emptied one pod at a time."""
    if (member.said.replicas or 1) > 1:
        yield {
            "apiVersion": "policy/v1" if app.version >= (1, 21) else "policy/v1beta1",
            "kind": "PodDisruptionBudget",
            "metadata": app.meta(app.resource(member), member),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": app.selector(member)}},
        }


def _policies(app: App) -> Iterator[Manifest]:
    """Only the application itself, and whoever asks a container for what it publishes, gets through."""
    for member in app.members:
        # another may listen at that number for the application only, so the rule is for the pods of this one
        if member.part.name and (rule := _published(member)):
            yield _policy(app.meta(app.resource(member), member), app.selector(member), [rule])
    everyone = {INSTANCE: app.name}
    own: Manifest = {"from": [{"podSelector": {"matchLabels": everyone}}]}
    alone = [rule for each in app.members if not each.part.name and (rule := _published(each))]
    yield _policy(app.meta(app.name), everyone, [own, *alone])  # last: what it was once open at stays so


def _published(member: Member) -> Manifest:
    """The rule that lets anybody in to what *member* publishes; empty when that is nothing."""
    listed = {(port.container, port.protocol.upper()): None for port in member.published}
    ports = [{"port": number, "protocol": protocol} for number, protocol in listed]
    return {"ports": ports} if ports else {}


def _policy(meta: Manifest, pods: dict[str, str], rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta,
        "spec": {"podSelector": {"matchLabels": pods}, "policyTypes": ["Ingress"], "ingress": rules},
    }


def _networks(app: App, drivers: Drivers) -> Iterator[Manifest]:
    """An object for multus for each network that is not just one between its containers."""
    networks = {net.name: net for member in app.members for net in member.part.settings.networks}
    for network in networks.values():
        if network.driver == "bridge":
            continue  # the cluster's own network does that
        name = f"{app.name}-{label(network.name)}"
        listed = cni.shared(replace(network, name=name), drivers(network.driver), default=False)
        found = cni.attachment(listed, app.namespace)
        found["metadata"]["labels"] = {INSTANCE: app.name, **BY}
        yield found
