"""How long a container out of packages takes: ours, and mmdebstrap followed by umoci.

python -m benchmarks.feeds [--repeats N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Argv, Cost
from sdk_hooks.core.reftarget.packages import Apt, sources

BASE = ("base-files", "base-passwd", "netbase", "busybox-static")
"""What stands for a small base image."""
PACKAGE = "mosquitto"
FEED_SERVER = """
import http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words): pass
    def __init__(self, *words): super().__init__(*words, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--archive", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.archive:
        _archive(args.archive)
        return 0
    measure.section("Packages")
    try:
        measure.programs("apt-get", "mmdebstrap", "umoci")
        with tempfile.TemporaryDirectory(prefix="bench-feeds-") as scratch:
            return 0 if _measured(Path(scratch), args.repeats) else 1
    except measure.Skipped as reason:
        print(f"skipped: {reason}\n")
        return 0


def _measured(scratch: Path, repeats: int) -> bool:
    # made by a process of its own: this one has to stay small
    measure.run((sys.executable, "-m", "benchmarks.feeds", "--archive", str(scratch)), cwd=str(measure.ROOT))
    archive = scratch / "archive"
    with subprocess.Popen(
        (sys.executable, "-c", FEED_SERVER, str(archive)), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            costs: dict[str, list[Cost]] = {"cold": [], "warm": [], "mmdebstrap, umoci": []}
            for number in range(repeats):
                work = scratch / f"work{number}"
                ours = _ours(url, work)
                env = dict(os.environ, XDG_CACHE_HOME=str(work / "cache"))
                costs["cold"].append(measure.run(ours, env))
                shutil.rmtree(work / "images")
                costs["warm"].append(measure.run(ours, env))
                costs["mmdebstrap, umoci"].append(measure.run_all(_peer(url, work)))
                shutil.rmtree(work)
        finally:
            server.kill()
    return _report(costs)


def _ours(url: str, work: Path) -> Argv:
    options = [word for name in (*BASE, PACKAGE) for word in ("--install", name)]
    feed = ("--feed", f"{url} trusted=yes")
    return (
        measure.ours(),
        "container-build",
        PACKAGE,
        *options,
        "--setuid",
        "none",
        *feed,
        "-o",
        f"{work}/images",
    )


def _peer(url: str, work: Path) -> list[Argv]:
    image, root = f"{work}/image", f"{work}/root.tar"
    include = f"--include={','.join((*BASE, PACKAGE))}"
    return [
        ("mmdebstrap", "--quiet", "--variant=apt", include, "stable", root, f"deb [trusted=yes] {url} ./"),
        ("umoci", "init", "--layout", image),
        ("umoci", "new", "--image", f"{image}:latest"),
        ("umoci", "raw", "add-layer", "--image", f"{image}:latest", root),
    ]


def _archive(scratch: Path) -> None:
    """Make a directory as the distribution's archive is, whole index and all, with what is installed here."""
    architecture = subprocess.check_output(("dpkg", "--print-architecture"), text=True).strip()
    apt = Apt(scratch / "apt", architecture, sources())
    apt.update()
    for names in ((*BASE, PACKAGE), ("apt", *_essential(apt))):
        apt.closure(*names)
    place = scratch / "archive"
    place.mkdir()
    text = b"\n".join(_text(path) for path in _lists(apt))
    (place / "Packages").write_bytes(text)
    subprocess.run(("xz", "-T0", "-1", "-k", str(place / "Packages")), check=True)
    for line in text.decode(errors="replace").splitlines():
        name, _, path = line.partition(": ")
        if name == "Filename":
            _link(apt, place, path)


def _link(apt: Apt, place: Path, path: str) -> None:
    """Put the package at *path* of the archive, if it was downloaded; apt writes an epoch into its name."""
    name, version, rest = path.rpartition("/")[2].split("_", 2)
    for found in apt.archives.glob(f"{name}_*{version}_{rest}"):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        if not (place / path).exists():
            os.link(found, place / path)


def _lists(apt: Apt) -> list[Path]:
    return sorted((apt.directory / "state" / "lists").glob("*_Packages*"))


def _text(path: Path) -> bytes:
    return subprocess.check_output(("/usr/lib/apt/apt-helper", "cat-file", str(path))).strip() + b"\n"


def _essential(apt: Apt) -> list[str]:
    names, name = [], ""
    for path in _lists(apt):
        for line in _text(path).decode(errors="replace").splitlines():
            key, _, value = line.partition(": ")
            name = value if key == "Package" else name
            if key == "Essential" and value == "yes":
                names.append(name)
    return sorted(set(names))


def _report(costs: dict[str, list[Cost]]) -> bool:
    typical = {name: measure.typical(each) for name, each in costs.items()}
    rows: list[Sequence[str]] = [(f"medians of {len(costs['warm'])}", "wall s", "CPU s", "peak MB")]
    rows += [(n, f"{c.wall:.2f}", f"{c.cpu:.2f}", f"{c.peak / 1e6:.0f}") for n, c in typical.items()]
    measure.table(rows)
    peer = typical["mmdebstrap, umoci"].wall / typical["cold"].wall
    return all((
        measure.bar("from a warm cache, s", typical["warm"].wall, 2),
        measure.bar("cold, by HTTP on loopback, s", typical["cold"].wall, 5),
        measure.bar("mmdebstrap and umoci over cold", peer, 5, least=True),
    ))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
