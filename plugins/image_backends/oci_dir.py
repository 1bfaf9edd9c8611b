"""An OCI image layout directory, the form that everything else is made of."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from sdk_hooks import Image, hookimpl


class OciDirectory:
    name = "oci-dir"
    summary = "OCI image layout with uncompressed layers: what container-build always makes"
    suffix = "-oci"

    def write(self, image: Image, destination: Path) -> None:
        if destination.resolve() == image.layout.resolve():
            return  # it is what was built
        destination.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=destination.parent))
        try:
            shutil.copytree(image.layout, fresh, dirs_exist_ok=True)
            fresh.chmod(0o755)
            if destination.exists():
                shutil.rmtree(destination)
            os.rename(fresh, destination)
        except BaseException:  # also Ctrl-C: nothing half-written stays
            shutil.rmtree(fresh, ignore_errors=True)
            raise


@hookimpl
def sdk_image_backends() -> list[OciDirectory]:
    return [OciDirectory()]
