"""What is told of a deployment before it is sent: what it asks for, and this target does not give it."""

from __future__ import annotations

from collections.abc import Iterator

from sdk_hooks.core.deploy.deployment import Deployment


def of(deployment: Deployment) -> Iterator[str]:
    """One line each; none of them keeps it from running."""
    if deployment.unlimited:
        alone = deployment.stack.takes == "layers"
        why = "without an engine only root" if alone else f"here only {deployment.stack.name} of root"
        yield f"{why} can limit resources: there are no limits"
    for box in deployment.containers:
        ports = ", ".join(str(port.host) for port in box.settings.ports)
        if ports and box.settings.network == "none":
            yield (
                f"note: {box.name} has no network, so nothing answers on port {ports}: "
                "leave out network: none, or ports:"
            )
