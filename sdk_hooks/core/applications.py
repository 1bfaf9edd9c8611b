"""Applications of several containers: finds their file, and the images, secrets and configs that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from sdk_hooks.container import Settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy import parts
from sdk_hooks.core.deploy.parts import HEALTHY, STARTED, Config, Need, Part, Secret
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.spec import application, compose, compose_files
from sdk_hooks.core.spec.application import APPLICATION, Application, Entry, Source
from sdk_hooks.core.spec.compose_directories import name_directories
from sdk_hooks.core.spec.compose_mounted import with_files
from sdk_hooks.core.spec.document import document
from sdk_hooks.core.spec.kinds import SpecError, pairs
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

NAMES = ("container.yaml", "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


def file(wanted: str) -> Path | None:
    """The file that *wanted* means: its path, or that of a directory that has one; None for an image."""
    path = Path(wanted)
    if path.suffix in (".yaml", ".yml"):
        return path
    if not path.is_dir() or (path / "index.json").exists() or not (os.sep in wanted or wanted == "."):
        return None
    return next((path / name for name in NAMES if (path / name).is_file()), None)


def load(path: Path) -> Application:
    """The application in the file at *path*: ours, or a compose file.

    :raises SpecError: With file, line and column of what is wrong.
    """
    node = document(path)
    keys = _keys(node)
    if "services" in keys or _only_includes(keys):
        variables = compose_files.variables(path)
        notes: list[str] = []
        whole = compose_files.whole(path, variables, notes.append)
        name_directories(whole, path.parent)
        whole = with_files(whole, path.parent, notes.append)
        return replace(compose.read(whole, variables, path.parent), notes=tuple(notes))
    if node is None or "containers" not in keys:
        raise SpecError(
            f"'{path}' has neither 'containers' nor 'services'",
            hint="it is for container-build; name what that has built instead of the file",
        )
    found: Application = APPLICATION.read(node, "")
    return found


def several(path: Path) -> bool:
    """Whether the file at *path* is that of an application, and not of one image.

    :raises SpecError: When it can't be read.
    """
    found = _keys(document(path))
    return bool(found & {"containers", "services"}) or _only_includes(found)


def name(found: Application, path: Path) -> str:
    """What the application is called: as its file says, else as the directory of that."""
    directory = path.absolute().parent.name.lower()
    return found.name or re.sub(r"[^a-z0-9]+", "-", directory).strip("-") or "application"


def _alone(wanted: str, directory: Path, tag: str) -> ImageSet:
    return ImageSet((images.find(wanted, directory, tag),))


def assemble(
    found: Application,
    path: Path,
    directory: Path,
    settings: Callable[[Image], Settings],
    find: Callable[[str, Path, str], ImageSet] = _alone,
) -> tuple[Part, ...]:
    """The containers of the application in the file at *path*, in the order of their start.

    :param directory: Where images are looked for by name.
    :param settings: Gives those that an image has of its own.
    :param find: Gives the image that a name or path means, in a directory and with a tag; for one machine it
        is one.
    :raises SdkError: When an image, a secret or a config is not there.
    """
    secrets = {
        key: Secret(key, _read("secret", key, path.parent / place)) for key, place in found.secrets.items()
    }
    contents = {key: _content(key, source, path.parent) for key, source in found.configs.items()}
    made = [
        _part(key, entry, found, images_, settings(images_.images[0]), secrets, contents)
        for key, entry in found.containers.items()
        for images_ in [_image(key, entry, path, directory, find)]
    ]
    parts.check_ports(made)
    parts.check_mounts(made)
    checks = {part.name: part.settings.healthcheck for part in made}
    return parts.ordered(
        tuple(replace(part, needs=tuple(_decided(need, checks) for need in part.needs)) for part in made)
    )


def _keys(node: yaml.Node | None) -> set[str]:
    return set(dict(pairs(node, ""))) if node is not None and node.value else set()


def _only_includes(keys: set[str]) -> bool:
    """Whether all services of a compose file are in others; container.yaml has `include:` as well."""
    return "include" in keys and keys <= {"include", "name", "networks", "volumes", "secrets", "configs"}


def _part(
    key: str,
    entry: Entry,
    found: Application,
    images_: ImageSet,
    own: Settings,
    secrets: Mapping[str, Secret],
    contents: Mapping[str, bytes],
) -> Part:
    joined = found.networks if entry.networks is None else entry.networks
    settings = application.settings(own, entry, [found.networks[each] for each in joined])
    configs = tuple(Config(each.source, contents[each.source], each.path) for each in entry.configs)
    own_secrets = tuple(secrets[each] for each in entry.secrets)
    several = images_ if len(images_.images) > 1 else None
    return Part(images_.images[0], settings, key, entry.needs, own_secrets, configs, several)


def _decided(need: Need, checks: Mapping[str, object]) -> Need:
    """Without a condition: healthy, where something says how to tell."""
    if need.condition == HEALTHY and not checks[need.part]:
        raise SdkError(
            f"the container {need.part!r} can't become healthy: it has no health check",
            hint="give it one: healthcheck:",
            code="bad-spec",
        )
    return need if need.condition else Need(need.part, HEALTHY if checks[need.part] else STARTED)


def _image(
    key: str, entry: Entry, path: Path, directory: Path, find: Callable[[str, Path, str], ImageSet]
) -> ImageSet:
    wanted = entry.image or key
    if os.sep in wanted and (path.parent / wanted).exists():
        return find(str(path.parent / wanted), directory, "latest")
    if os.sep not in wanted.removeprefix("localhost/"):
        plain, _, tag = wanted.removeprefix("localhost/").partition(":")
        return find(plain, directory, tag or "latest")
    raise SdkError(
        f"the image {wanted!r} of {key!r} is not on this machine",
        hint=f"fetch it: skopeo copy docker://{wanted} oci:{key}:latest; then write image: ./{key}",
        code="no-image",
    )


def _content(key: str, source: Source, directory: Path) -> bytes:
    """What is in the config *key*."""
    if source.content is not None:
        return source.content.encode()
    return _read("config", key, directory / source.file)


def _read(kind: str, key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SdkError(
            f"the file '{path}' of the {kind} {key!r} can't be read",
            detail=error.strerror or "",
            hint=f"make it, or name another: {kind}s: {{{key}: {{file: PATH}}}}",
            code=f"no-{kind}",
        ) from error
