"""The JSON schemas of the OCI and of CDI, as their authors wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT7

_SCHEMAS = Path(__file__).parent.parent / "schemas"
_BASE = "https://opencontainers.org/schema/image/"


def _without_ids(value: Any) -> Any:
    """*value* without the ids of its parts: they are no addresses that the references are relative to."""
    if isinstance(value, dict):
        return {k: _without_ids(v) for k, v in value.items() if not (k == "id" and isinstance(v, str))}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def validate(kind: str, value: object, spec: str = "image-spec") -> None:
    """Raise when *value* is not what the schema *kind* (such as image-manifest-schema) of *spec* wants."""
    registry: Registry[Any] = Registry()
    for path in sorted((_SCHEMAS / spec).glob("*.json")):
        resource = DRAFT4.create_resource(_without_ids(json.loads(path.read_text())))
        registry = registry.with_resource(_BASE + path.name, resource)
    schema = {"$ref": f"{_BASE}{kind}.json"}
    Draft4Validator(schema, registry=registry).validate(value)


def validate_cdi(value: object) -> None:
    """Raise when *value* is no CDI spec."""
    parts = {path.name: json.loads(path.read_text()) for path in (_SCHEMAS / "cdi").glob("*.json")}
    registry: Registry[Any] = Registry().with_resource(
        "defs.json", DRAFT7.create_resource(parts["defs.json"])
    )
    Draft7Validator(parts["schema.json"], registry=registry).validate(value)
