"""Images pushed to Debian's registry, and taken out of it again by skopeo."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.push import registry as pushing
from sdk_hooks.core.push.registry import Pushed
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .registries import registry
from .tester import Cli

pytestmark = pytest.mark.integration
USER = "me:$2y$04$UrXmr1I8OrgladN1D/fEVuO9vISlT.FhulXJ7M4OQ/n1q0ypcpu9a\n"
"""Of htpasswd: the password is `secret`."""


def run(*words: object) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def images(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Image, Image]:
    """Two versions of an image that differ in one layer, signed, with bills of materials."""
    top, found = tmp_path_factory.mktemp("images"), []
    key = top / "key.pem"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    for version in ("v1", "v2"):
        tree = str(cli.home / f"tester-tree-{version}")
        words = ("--from", tree, "-f", str(cli.home / "plain.yaml"), "-o", str(top / version))
        cli.build("plain", *words, "--sign", str(key))
        found.append(Layout(top / version / "plain-latest-oci").image())
    return found[0], found[1]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as name:
        yield name


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logins and certificates of whoever runs this are not used."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def push(image: Image, place: str) -> Pushed:
    return pushing.push(image, pushing.parse(place), Ui())


def pulled(reference: str, top: Path, *options: str) -> Image:
    """The image as skopeo gets it."""
    top.mkdir(exist_ok=True)
    run("skopeo", "copy", "--preserve-digests", *options, f"docker://{reference}", f"oci:{top}/pulled:x")
    return Layout(top / "pulled").image()


def parts(image: Image) -> dict[str, bytes]:
    blobs = (image.descriptor, image.config_descriptor, *image.layers)
    return {blob.digest: image.blob(blob).read_bytes() for blob in blobs}


INSECURE = "--src-tls-verify=false"


def test_what_comes_out_is_what_went_in_and_only_changes_are_sent(
    images: tuple[Image, Image], plain: str, tmp_path: Path
) -> None:
    old, new = images
    first, again, second = push(old, f"{plain}/team"), push(old, f"{plain}/team"), push(new, f"{plain}/team")

    assert first.reference == f"{plain}/team/plain@{old.digest}"
    assert first.blobs >= len(old.layers) + 1
    assert again == (first.reference, 0, 0)
    # of what refers to the image, the documents differ, too, and the signature
    others = {digest for digest in documents(new) if digest not in documents(old)}
    changed = (parts(new).keys() - parts(old).keys() - {new.digest}) | others
    assert second.blobs == len(changed)
    assert len(parts(new).keys() - parts(old).keys() - {new.digest}) == 2, "one layer, and the config"
    assert parts(pulled(first.reference, tmp_path / "1", INSECURE)) == parts(old)
    assert parts(pulled(f"{plain}/team/plain:latest", tmp_path / "2", INSECURE)) == parts(new)


def entries(image: Image) -> list[dict[str, object]]:
    """What refers to *image*, in the layout beside it."""
    index = json.loads((beside(image.layout, REFERRERS) / "index.json").read_bytes())
    return [each for each in index["manifests"] if each["digest"] != image.digest]


def documents(image: Image) -> set[str]:
    found = set()
    for entry in entries(image):
        path = beside(image.layout, REFERRERS) / "blobs" / str(entry["digest"]).replace(":", "/")
        manifest = json.loads(path.read_bytes())
        found |= {each["digest"] for each in (manifest["config"], *manifest["layers"])}
    return found


def test_what_refers_to_it_is_there_too(images: tuple[Image, Image], plain: str) -> None:
    image = images[0]
    push(image, f"{plain}/described")
    tag = image.digest.replace(":", "-")
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{plain}/described/plain:{tag}")
    signature = run(
        "skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{plain}/described/plain:{tag}.sig"
    )

    listed = {each["digest"] for each in json.loads(raw)["manifests"]}
    assert listed == {each["digest"] for each in entries(image)}
    assert len(listed) == 4
    assert f"sha256:{hashlib.sha256(signature.encode()).hexdigest()}" in listed


def test_a_password_is_wanted(images: tuple[Image, Image], tmp_path: Path) -> None:
    (tmp_path / "users").write_text(USER)
    auth = {"htpasswd": {"realm": "it", "path": str(tmp_path / "users")}}
    with registry(tmp_path, auth=auth) as name:
        with pytest.raises(SdkError, match=rf"^the registry '{name}' wants a login \[not-logged-in\]\n"):
            push(images[0], name)
        run("skopeo", "login", "--tls-verify=false", "-u", "me", "-p", "secret", name)
        found = push(images[0], name)
        assert parts(pulled(found.reference, tmp_path, INSECURE)) == parts(images[0])
        logins = json.loads(Path(os.environ["REGISTRY_AUTH_FILE"]).read_text())
        logins["auths"][name]["auth"] = "bWU6Z2VoZWlt"
        Path(os.environ["REGISTRY_AUTH_FILE"]).write_text(json.dumps(logins))
        with pytest.raises(
            SdkError, match=rf"^the registry '{name}' does not accept the login in '.*auth.json'"
        ):
            push(images[1], name)


def test_a_ca_of_ones_own_vouches_for_it(images: tuple[Image, Image], tmp_path: Path) -> None:
    ca, key, made = tmp_path / "ca.crt", tmp_path / "key.pem", tmp_path / "crt.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("openssl", "req", "-x509", *curve, "-subj", "/CN=our CA", "-keyout", tmp_path / "ca.key", "-out", ca)
    run("openssl", "req", *curve, "-subj", "/CN=registry", "-keyout", key, "-out", tmp_path / "csr")
    (tmp_path / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", tmp_path / "csr", "-CA", ca, "-CAkey", tmp_path / "ca.key",
        "-CAcreateserial", "-extfile", tmp_path / "ext", "-out", made)  # fmt: skip
    with registry(tmp_path, {"tls": {"certificate": str(made), "key": str(key)}}) as name:
        with pytest.raises(
            SdkError, match=rf"^the registry '{name}' speaks TLS only \[registry-tls-only\]\n"
        ):
            push(images[0], f"http://{name}/team")
        with pytest.raises(SdkError, match=rf"^the certificate of the registry '{name}' is not trusted"):
            push(images[0], f"https://{name}/team")
        trusted = tmp_path / "home" / ".config" / "containers" / "certs.d" / name
        trusted.mkdir(parents=True)
        (trusted / "ca.crt").write_bytes(ca.read_bytes())
        found = push(images[0], f"https://{name}/team")
        image = pulled(found.reference, tmp_path, "--src-cert-dir", str(trusted))
        assert image.digest == images[0].digest
