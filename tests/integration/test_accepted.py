"""What other people's programs make of an image that container-build wrote."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lab.host import find_program

from .place import Place, wait
from .tester import Cli

pytestmark = pytest.mark.integration
At = Callable[[str], Place]
NAME = "localhost/hello-http:latest"
FORMS = ("oci-archive", "docker-archive")


@pytest.fixture(scope="module")
def built(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example in every form, by the name of the form; `layout` is what is always written."""
    out = tmp_path_factory.mktemp("out")
    options = [word for form in (*FORMS, "oci-dir-gzip") for word in ("--output", form)]
    done = cli.build(
        "hello-http",
        "--from",
        str(cli.home / "hello-tree-v1"),
        "-o",
        str(out),
        *options,
        cwd=cli.home / "hello-v1",
    )
    layout, *others = (Path(line) for line in done.stdout.splitlines())
    return {"layout": layout, **dict(zip((*FORMS, "oci-dir-gzip"), others, strict=True))}


def run(program: str, *args: object) -> str:
    """What a program of the distribution prints; the test is skipped where it is not installed."""
    path = find_program(program)
    if path is None:
        pytest.skip(f"{program} is not installed: apt-get install {program}")
    done = subprocess.run((path, *map(str, args)), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def config(built: dict[str, Path]) -> dict[str, object]:
    return dict(json.loads(run("skopeo", "inspect", "--config", f"oci:{built['layout']}"))["config"])


def test_skopeo_inspects(built: dict[str, Path]) -> None:
    seen = json.loads(run("skopeo", "inspect", f"oci:{built['layout']}:latest"))
    index = json.loads((built["layout"] / "index.json").read_text())

    assert seen["Digest"] == index["manifests"][0]["digest"]
    assert (seen["Os"], seen["Architecture"], len(seen["Layers"])) == ("linux", "amd64", 3)
    assert config(built)["Entrypoint"] == ["/usr/bin/hello-http"]
    assert config(built)["User"] == "65532:65532"


@pytest.mark.parametrize("source", ["oci:{layout}", "oci:{oci-dir-gzip}", "oci-archive:{oci-archive}",
                                    "docker-archive:{docker-archive}"])  # fmt: skip
def test_skopeo_copies(built: dict[str, Path], source: str, tmp_path: Path) -> None:
    """Each form is read to the last byte and every digest checked; the configuration is the same in all."""
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    run("skopeo", "--policy", policy, "copy", source.format_map(built), f"dir:{tmp_path}/copy")

    manifest = json.loads((tmp_path / "copy/manifest.json").read_text())
    copied = json.loads((tmp_path / "copy" / manifest["config"]["digest"][7:]).read_text())
    assert copied["config"] == config(built)
    assert len(manifest["layers"]) == 3


def test_umoci_unpacks(built: dict[str, Path], cli: Cli, tmp_path: Path) -> None:
    run("umoci", "unpack", "--rootless", "--image", f"{built['layout']}:latest", tmp_path / "bundle")

    root = tmp_path / "bundle/rootfs"
    for path in ("usr/bin/hello-http", "etc/hello-http.conf"):
        assert (root / path).read_bytes() == (cli.home / "hello-tree-v1" / path).read_bytes()
    process = json.loads((tmp_path / "bundle/config.json").read_text())["process"]
    assert (process["args"], process["user"]["uid"]) == (["/usr/bin/hello-http"], 65532)


LOADS = [
    ("podman", "oci-archive", "podman load -q"),
    ("podman", "docker-archive", "podman load -q"),
    ("docker", "docker-archive", "docker load -q"),
    ("containerd", "oci-archive", "ctr images import -"),
    ("containerd", "docker-archive", "ctr images import -"),
]
RUNS = {
    "podman": ("podman run -d --name web --network host --pull never", "podman rm -f -t 1 web; podman rmi"),
    "docker": ("docker run -d --name web --network host --pull never", "docker rm -f web; docker rmi"),
    "containerd": ("ctr run -d --net-host", "ctr t rm -f web; ctr c rm web; ctr images rm"),
}
LISTS = {
    "podman": "podman image ls --format '{{.Repository}}:{{.Tag}}'",
    "docker": "docker image ls --format '{{.Repository}}:{{.Tag}}'",
    "containerd": "ctr images ls -q",
}


@pytest.mark.parametrize(("kind", "form", "load"), LOADS)
def test_engine_loads_and_runs(at: At, built: dict[str, Path], kind: str, form: str, load: str) -> None:
    """Under its full name, and that name only; what it holds runs."""
    place, (start, remove) = at(kind), RUNS[kind]
    done = place.board.run(("sh", "-c", load), stdin=built[form].read_bytes())
    assert done.returncode == 0, done.stderr
    try:
        assert place.sh(LISTS[kind]).split() == [NAME]
        place.sh(f"{start} {NAME}{' web' if kind == 'containerd' else ''}")
        assert wait(lambda: place.get()) == "hello from a container, version 1\n"
    finally:
        place.sh(f"{remove} {NAME}")


def test_layout_in_a_tar_is_an_oci_archive(at: At, built: dict[str, Path], tmp_path: Path) -> None:
    """What BitBake's recipes do with the directory."""
    run("tar", "-C", built["layout"], "-cf", tmp_path / "layout.tar", ".")
    place = at("podman")
    done = place.board.run(("podman", "load", "-q"), stdin=(tmp_path / "layout.tar").read_bytes())

    assert (done.returncode, done.stdout.decode()) == (0, f"Loaded image: {NAME}\n")
    place.sh(f"podman rmi {NAME}")
