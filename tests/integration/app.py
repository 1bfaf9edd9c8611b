"""The file of an application, and the commands for it."""

from pathlib import Path
from typing import Any

from .place import Place
from .tester import Done


class App:
    """An application on one board."""

    def __init__(self, place: Place, file: Path, text: str) -> None:
        self.place, self.file = place, file
        file.write_text(text)

    def deploy(self, version: str = "v1", *options: str) -> Done:
        images = f"{self.place.cli.home}/{version}"
        words = ("container-deploy", str(self.file), self.place.alias, "-o", images)
        return self.place.cli(*words, *self.place.ssh, *options)

    def deployed(self, version: str = "v1", *options: str) -> dict[str, Any]:
        """Deploy, which must succeed, and give the record of it."""
        done = self.deploy(version, "--format", "json", *options)
        assert done.status == 0, done.stderr
        return done.json()[0]

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))
