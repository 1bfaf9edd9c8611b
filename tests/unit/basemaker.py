"""Makes base images blob by blob, as other programs do."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.disk import to_json
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.oci import tarstream
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import MANIFEST, Image

from .helpers import file, folder, make

PROGRAM = ("usr/bin/web", b"#!", 0o755)


class Maker:
    """A layout that is filled by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, raw: bytes, kind: str = "application/x") -> dict[str, Any]:
        digest = hashlib.sha256(raw).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(raw)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(raw)}

    def image(
        self, *layers: bytes, pack: Any = bytes, platform: str = "amd64", **config: Any
    ) -> dict[str, Any]:
        """Descriptor of a manifest with *layers*, tar archives, in the form that *pack* gives them."""
        architecture, _, variant = platform.partition("/")
        target = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
        value = {**target, "config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        value["history"] = [{"created_by": f"layer {number}"} for number in range(len(layers))]
        packed = [self.blob(pack(layer)) for layer in layers]
        manifest = {"schemaVersion": 2, "config": self.blob(to_json(value)), "layers": packed}
        return {**self.blob(to_json(manifest), MANIFEST), "platform": target}

    def index(self, *entries: Mapping[str, Any]) -> str:
        (self.path / "index.json").write_bytes(to_json({"schemaVersion": 2, "manifests": entries}))
        return str(self.path)


def tar(*entries: Entry) -> bytes:
    return b"".join(tarstream.stream(entries, 0))


SYSTEM = tar(
    folder("usr/lib"), Entry("lib", SYMLINK, 0o777, link="usr/lib"), file("etc/passwd", b"www:x:33:33::/:\n")
)


def on(base: str, tmp_path: Path, *entries: Entry, **spec: Any) -> Image:
    return make(tmp_path / "out", *(entries or (file(*PROGRAM),)), spec=Spec(base=base, **spec)).image


def zstd(raw: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=raw, check=True, capture_output=True).stdout


needs_zstd = pytest.mark.skipif(
    shutil.which("zstd") is None, reason="zstd is not installed: apt-get install zstd"
)
