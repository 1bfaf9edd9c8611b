"""Hand-made images: one tar that is OCI layout and docker-archive at once, whole or without some blobs."""

import dataclasses
import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Mapping

from .host import find_program, require_programs

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

APPLETS = ("sh", "httpd", "sleep", "cat", "echo", "id", "ls", "df", "env", "kill", "ps")


@dataclasses.dataclass(frozen=True)
class Image:
    """An image of uncompressed layers, base first; a layer's digest is its diff ID."""

    name: str  # full, with tag: localhost/myapp:abc123
    layers: tuple[bytes, ...]
    config: Mapping[str, object]  # the image-spec's inner `config`: Cmd, Entrypoint, Env ...

    @property
    def diff_ids(self) -> tuple[str, ...]:
        return tuple(digest(layer) for layer in self.layers)

    def config_blob(self) -> bytes:
        return _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": dict(self.config),
                "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
            }
        )

    def manifest_blob(self) -> bytes:
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": descriptor(CONFIG_TYPE, self.config_blob()),
                "layers": [descriptor(LAYER_TYPE, layer) for layer in self.layers],
            }
        )

    def archive(self, without: Collection[str] = (), ref_name: str = "latest") -> bytes:
        """Return the hybrid tar, leaving out the blobs with those digests."""
        files = {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": self._index(ref_name),
            "manifest.json": self._docker_manifest(),
        }
        for blob in (self.config_blob(), self.manifest_blob(), *self.layers):
            if digest(blob) not in without:
                files[blob_path(blob)] = blob
        return tar_of(files)

    def _index(self, ref_name: str) -> bytes:
        names = {"io.containerd.image.name": self.name, "org.opencontainers.image.ref.name": ref_name}
        manifest = {**descriptor(MANIFEST_TYPE, self.manifest_blob()), "annotations": names}
        return _json({"schemaVersion": 2, "manifests": [manifest]})

    def _docker_manifest(self) -> bytes:
        return _json(
            [
                {
                    "Config": blob_path(self.config_blob()),
                    "RepoTags": [self.name],
                    "Layers": [blob_path(layer) for layer in self.layers],
                }
            ]
        )


def busybox_layer(padding: int = 0) -> bytes:
    """Return a base layer with a static busybox, /bin/sh and /etc/passwd, and so many bytes of ballast."""
    require_programs(("busybox",))
    with open(str(find_program("busybox")), "rb") as file:
        files = {"bin/busybox": file.read()}
    files["etc/passwd"] = b"root:x:0:0:root:/:/bin/sh\nwww:x:33:33:www:/:/bin/sh\n"
    if padding:
        files["usr/share/ballast"] = hashlib.shake_256(b"ballast").digest(padding)
    return tar_of(files, {f"bin/{applet}": "busybox" for applet in APPLETS})


def tar_of(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """Return a tar of 0755 files and symbolic links; parents are made, and every time stamp is 0."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted({parent for name in (*files, *(links or {})) for parent in _parents(name)}):
            tar.addfile(_entry(path, tarfile.DIRTYPE))
        for name, data in files.items():
            tar.addfile(_entry(name, size=len(data)), io.BytesIO(data))
        for name, target in (links or {}).items():
            tar.addfile(_entry(name, tarfile.SYMTYPE, target=target))
    return buffer.getvalue()


def _entry(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, 0o755, size, target
    return entry


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(blob), "size": len(blob)}


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def blob_path(blob: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
