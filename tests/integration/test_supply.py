"""Signatures and bills of materials, with the programs that people use on them.

`COSIGN=<cosign, version 3>` has cosign verify what is signed here: Debian has it from forky on.
"""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import registries
from .place import Place
from .tester import Cli

pytestmark = pytest.mark.integration
needs_cosign = pytest.mark.skipif(
    "COSIGN" not in os.environ, reason="COSIGN=<cosign of Debian forky> is not set"
)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def run(*words: object, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def key_pair(directory: Path, name: str) -> tuple[str, str]:
    private, public = directory / f"{name}.pem", directory / f"{name}.pub"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
    run("openssl", "pkey", "-in", private, "-pubout", "-out", public)
    return str(private), str(public)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return key_pair(tmp_path_factory.mktemp("keys"), "key")


@pytest.fixture(scope="module")
def signed(cli: Cli, keys: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the image plain of version 1, signed."""
    place = tmp_path_factory.mktemp("signed")
    tree, file = str(cli.home / "tester-tree-v1"), str(cli.home / "plain.yaml")
    cli.build("plain", "--from", tree, "-f", file, "-o", str(place), "--sign", keys[0])
    return place


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry on loopback."""
    with registries.registry(tmp_path_factory.mktemp("registry")) as name:
        yield name


def digest_of(layout: Path) -> str:
    return str(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"])


def test_skopeo_takes_the_image_and_its_signature_out_of_the_referrers(signed: Path, tmp_path: Path) -> None:
    digest = digest_of(signed / "plain-latest-oci")
    for tag in ("latest", f"{digest.replace(':', '-')}.sig"):
        source = f"oci:{signed}/plain-latest-referrers:{tag}"
        run("skopeo", "copy", "--preserve-digests", source, f"oci:{tmp_path}/copy:{tag}")

    image, signature = json.loads((tmp_path / "copy/index.json").read_text())["manifests"]
    manifest = json.loads((tmp_path / "copy/blobs/sha256" / signature["digest"][7:]).read_text())
    assert image["digest"] == manifest["subject"]["digest"] == digest
    found = run("skopeo", "inspect", f"oci:{signed}/plain-latest-referrers:latest")
    assert json.loads(found)["Digest"] == digest


@needs_cosign
def test_cosign_verifies_in_a_registry(signed: Path, registry: str, keys: tuple[str, str]) -> None:
    digest = digest_of(signed / "plain-latest-oci")
    for tag in ("latest", f"{digest.replace(':', '-')}.sig"):
        source, target = f"oci:{signed}/plain-latest-referrers:{tag}", f"docker://{registry}/plain:{tag}"
        run("skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", source, target)

    request = urllib.request.Request(
        f"http://{registry}/v2/plain/manifests/latest", headers={"Accept": MANIFEST}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Docker-Content-Digest"] == digest
    cosign_verifies(keys[1], f"{registry}/plain:latest")


def cosign_verifies(key: str, *what: object) -> None:
    # there is no public log of signatures made without a network
    words = ("--insecure-ignore-tlog=true", "--allow-http-registry=true", "--key", key)
    run(os.environ["COSIGN"], "verify", *words, *what)


@needs_cosign
def test_cosign_verifies_the_layout_of_the_referrers(
    signed: Path, tmp_path: Path, keys: tuple[str, str]
) -> None:
    layout = signed / "plain-latest-referrers"
    cosign_verifies(keys[1], "--local-image", layout)
    _, other = key_pair(tmp_path, "other")
    words = ("verify", "--insecure-ignore-tlog=true", "--key", other, "--local-image", str(layout))
    done = subprocess.run([os.environ["COSIGN"], *words], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no matching signatures" in done.stderr


@needs_cosign
def test_what_cosign_has_signed_is_verified_here(
    cli: Cli, signed: Path, registry: str, tmp_path: Path
) -> None:
    cosign, name = os.environ["COSIGN"], f"{registry}/other"
    digest = digest_of(signed / "plain-latest-oci")
    source = f"oci:{signed}/plain-latest-oci"
    run("skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", source, f"docker://{name}:1")
    private, public = key_pair(tmp_path, "theirs")
    run(cosign, "import-key-pair", "--key", private, "-o", tmp_path / "cosign", COSIGN_PASSWORD="")
    options = ("--tlog-upload=false", "--use-signing-config=false", "--new-bundle-format=false", "-y")
    web = ("--allow-http-registry", "--allow-insecure-registry")
    key = ("--key", tmp_path / "cosign.key")
    run(cosign, "sign", *key, *options, *web, f"{name}@{digest}", COSIGN_PASSWORD="")
    run(cosign, "save", "--dir", tmp_path / "saved", *web, f"{name}@{digest}")

    done = cli("container-deploy", f"{tmp_path}/saved", "nobody@127.0.0.1:1", "--verify", public)
    assert "[unreachable]" in done.stderr


def test_only_what_is_signed_is_deployed_and_what_runs_stays(
    cli: Cli, crun: Place, signed: Path, keys: tuple[str, str], tmp_path: Path
) -> None:
    words = ("container-deploy", "plain", crun.alias, *crun.ssh, "-o")
    done = cli(*words, str(signed), "--verify", keys[1])
    assert done.status == 0, done.stderr
    before = crun.processes("httpd")
    assert before
    changed = tmp_path / "changed"
    run("cp", "-a", signed, changed)
    layout = changed / "plain-latest-oci"
    manifest = json.loads((layout / "blobs/sha256" / digest_of(layout)[7:]).read_text())
    layer = layout / "blobs/sha256" / manifest["layers"][-1]["digest"][7:]
    raw = layer.read_bytes()
    layer.unlink()
    layer.write_bytes(raw.replace(b"tester", b"TESTER"))

    for place, option in ((changed, ()), (changed, ("--dry-run",)), (cli.home / "v2", ())):
        done = cli(*words, str(place), "--verify", keys[1], *option)
        code = "[image-changed]" if place == changed else "[not-signed]"
        assert done.status == 1
        assert code in done.stderr
    assert crun.processes("httpd") == before
