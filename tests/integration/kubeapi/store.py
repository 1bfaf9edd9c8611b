"""The objects of a cluster: made, changed, found and removed as an API server does it."""

import copy
import datetime
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from . import merge

Object = dict[str, Any]
IMMUTABLE = {("Deployment", ".selector"), ("Job", ".template")}
_MODIFIED = (
    'Operation cannot be fulfilled on {} "{}": the object has been modified; please apply your changes to '
    "the latest version and try again"
)
Key = tuple[str, str, str]
"""Resource, namespace, name."""


class RefusedError(Exception):
    """What the server answers instead of an object."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code, **({"details": details} if details else {}),
        }  # fmt: skip
        self.code = code


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All objects, with the owners of their fields."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.owners: dict[Key, dict[merge.Path, set[str]]] = {}
        self.admit: list[Callable[[Object], None]] = []
        """Asked of each object before it is taken; raise RefusedError."""
        self._numbers = itertools.count(100)

    def get(self, key: Key) -> Object:
        if key not in self.objects:
            raise RefusedError(
                404, "NotFound", f'{_plural(key)} "{key[2]}" not found', name=key[2], kind=key[0]
            )
        return self.objects[key]

    def find(self, resource: str, namespace: str, labels: str = "", fields: str = "") -> list[Object]:
        found = (
            each
            for (kind, place, _), each in sorted(self.objects.items())
            if kind == resource and (not namespace or place == namespace)
        )
        return [each for each in found if _chosen(each, labels, fields)]

    def put(self, resource: str, made: Object) -> Object:
        """Take *made* as it is, as controllers do."""
        meta = made["metadata"]
        meta.setdefault("uid", f"00000000-0000-4000-8000-{next(self._numbers):012}")
        meta.setdefault("creationTimestamp", now())
        meta.setdefault("generation", 1)
        meta["resourceVersion"] = str(next(self._numbers))
        self.objects[resource, meta.get("namespace", ""), meta["name"]] = made
        return made

    def create(self, resource: str, namespace: str, made: Object, *, dry: bool) -> Object:
        self._check(namespace, made)
        made["metadata"]["namespace"] = namespace
        if dry:
            meta = {"uid": "00000000-0000-4000-8000-000000000000", "creationTimestamp": now()}
            return {**made, "metadata": {**made["metadata"], **meta}}
        return self.put(resource, made)

    def apply(self, key: Key, wanted: Object, manager: str, *, force: bool, dry: bool) -> Object:
        """What `kubectl apply --server-side` does."""
        _, namespace, _ = key
        self._check(namespace, wanted)
        wanted["metadata"].setdefault("namespace", namespace)
        old = self.objects.get(key)
        stamp = wanted["metadata"].pop("resourceVersion", "")
        if stamp and (old or {}).get("metadata", {}).get("resourceVersion") != stamp:
            raise RefusedError(409, "Conflict", _MODIFIED.format(_plural(key), key[2]))
        plain = {k: v for k, v in wanted.items() if k not in ("apiVersion", "kind")}
        try:
            new, owners = merge.apply(old or {}, self.owners.get(key, {}), plain, manager, force=force)
        except merge.ConflictError as conflict:
            raise _conflict(conflict, wanted) from conflict
        made: Object = {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], **new}
        if old:
            _immutable(old, made)
        if old and merge.changed({"spec": old.get("spec", {})}, {"spec": made.get("spec", {})}):
            made["metadata"]["generation"] = old["metadata"]["generation"] + 1
        if dry:
            made["metadata"].setdefault("uid", "00000000-0000-4000-8000-000000000000")
            made["metadata"].setdefault("creationTimestamp", now())
            return made
        self.owners[key] = owners
        return self.put(key[0], made)

    def patch(self, key: Key, fields: Object, manager: str) -> Object:
        """What `kubectl scale` and the like do: as if by force."""
        old = self.get(key)
        new, owners = merge.apply(old, self.owners.get(key, {}), fields, manager, force=True)
        new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        self.owners[key] = owners
        return self.put(key[0], new)

    def delete(self, key: Key) -> Object:
        """Remove it with all that it owns."""
        gone = self.get(key)
        del self.objects[key]
        self.owners.pop(key, None)
        uid = gone["metadata"]["uid"]
        for other, each in list(self.objects.items()):
            if any(owner["uid"] == uid for owner in each["metadata"].get("ownerReferences", ())):
                self.delete(other)
        return gone

    def _check(self, namespace: str, made: Object) -> None:
        if namespace and ("namespaces", "", namespace) not in self.objects:
            raise RefusedError(
                404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces"
            )
        for ask in self.admit:
            ask(copy.deepcopy(made))


def _plural(key: Key) -> str:
    groups = {"deployments": "apps", "statefulsets": "apps", "daemonsets": "apps", "jobs": "batch"}
    return f"{key[0]}.{groups[key[0]]}" if key[0] in groups else key[0]


def _immutable(old: Object, new: Object) -> None:
    for kind, path in IMMUTABLE:
        before, after = (each.get("spec", {}).get(path[1:]) for each in (old, new))
        if new["kind"] == kind and before != after:
            what = f'{kind}.apps "{new["metadata"]["name"]}" is invalid: spec{path}: '
            cause = {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: ...: field is immutable",
                "field": f"spec{path}",
            }
            raise RefusedError(
                422, "Invalid", f"{what}Invalid value: ...: field is immutable", name=new["metadata"]["name"],
                kind=kind, group="apps", causes=[cause],
            )  # fmt: skip


def _conflict(conflict: merge.ConflictError, wanted: Object) -> RefusedError:
    by = f'conflict with "{conflict.manager}" using {wanted["apiVersion"]}'
    paths = ["".join(_shown(path)) for path in conflict.paths]
    causes = [{"reason": "FieldManagerConflict", "message": by, "field": path} for path in paths]
    number = f"{len(paths)} conflict{'s' * (len(paths) > 1)}"
    if len(paths) == 1:
        message = f"Apply failed with {number}: {by}: {paths[0]}"
    else:
        lines = "".join(f"\n- {path}" for path in paths)
        message = f"Apply failed with {number}: {by.replace('conflict ', 'conflicts ', 1)}:{lines}"
    return RefusedError(409, "Conflict", message, causes=causes)


def _shown(path: merge.Path) -> Iterator[str]:
    yield from path


def _chosen(found: Object, labels: str, fields: str) -> bool:
    meta = found["metadata"]
    for text in filter(None, labels.split(",")):
        key, _, value = re.sub("==", "=", text).partition("=")
        if meta.get("labels", {}).get(key) != value:
            return False
    for text in filter(None, fields.split(",")):
        key, _, value = text.partition("=")
        place: Any = found
        for word in key.split("."):
            place = place.get(word, {}) if isinstance(place, dict) else {}
        if place != value:
            return False
    return True
