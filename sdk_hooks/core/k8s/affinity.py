"""Which nodes the affinity of a pod leaves, as far as their labels decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def allows(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a pod with *spec* may run on a node with *labels*, by its node affinity."""
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (node.get(_REQUIRED) or {}).get("nodeSelectorTerms")
    if not terms:
        return True
    return any(all(_holds(rule, labels) for rule in term.get("matchExpressions") or ()) for term in terms)


def _holds(rule: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(rule["key"]), list(rule.get("values") or ())
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdecimal() and int(value) > int(values[0])
        case "Lt":
            return value is not None and value.isdecimal() and int(value) < int(values[0])
    return True
