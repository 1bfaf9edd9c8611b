"""Images signed and verified with the real openssl, and all that is refused."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path

import pytest

from sdk_hooks.core.bom import openssl, signature
from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.errors import SdkError

from .helpers import fails, make
from .supplies import key_pair, published

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
MAKE = "make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY.pem"
PUBLIC = "openssl pkey -in KEY.pem -pubout -out KEY.pub"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("other"))


def image_of(top: Path, key: Path | None) -> signature.Image:
    made = make(top / "web-latest-oci")
    published(made, openssl.private_key(key) if key else None)
    return made.image


def verify(image: signature.Image, public: Path) -> None:
    signature.verify(image, public, openssl.public_key(public))


def test_a_signed_image_is_good(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    image = image_of(tmp_path, keys[0])

    verify(image, keys[1])

    [line] = beside(image.layout, ".sig").read_text().splitlines()
    payload = json.loads(base64.b64decode(json.loads(line)["Payload"]))
    assert payload == {
        "critical": {
            "identity": {"docker-reference": "localhost/web"},
            "image": {"docker-manifest-digest": image.digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }


def test_the_layout_of_referrers_alone_is_as_good(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    image = image_of(tmp_path, keys[0])
    beside(image.layout, ".sig").unlink()
    verify(image, keys[1])
    moved = tmp_path / "elsewhere" / "copy"
    shutil.copytree(beside(image.layout, REFERRERS), moved)

    verify(Layout(moved).image(), keys[1])


def test_an_image_that_is_not_signed_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    with fails(
        "the image 'localhost/web:latest' is not signed [not-signed]\n"
        "  hint: sign it when it is built: container-build --sign KEY"
    ):
        verify(image_of(tmp_path, None), keys[1])


def test_an_image_signed_by_another_key_is_refused(
    tmp_path: Path, keys: tuple[Path, Path], other: tuple[Path, Path]
) -> None:
    with fails(
        f"the image 'localhost/web:latest' is signed, but not by the key '{other[1]}' [wrong-key]\n"
        "  hint: is it the public key of who has built the image?"
    ):
        verify(image_of(tmp_path, keys[0]), other[1])


def test_another_image_in_its_place_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    signed = image_of(tmp_path, keys[0])
    changed = make(tmp_path / "web-latest-oci", epoch=5).image

    with fails(
        "the image 'localhost/web:latest' was changed since it was signed [image-changed]\n"
        f"  it is {changed.digest}, signed was {signed.digest}\n"
        "  hint: build and sign it again"
    ):
        verify(changed, keys[1])


def test_something_else_that_the_key_has_signed_is_no_image(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    image = image_of(tmp_path, None)
    key = openssl.private_key(keys[0])
    for payload in (b"{}", b"no JSON", json.dumps({"critical": {"type": "x"}}).encode()):
        text = {"Payload": payload, "Base64Signature": key.sign(payload)}
        line = json.dumps({name: base64.b64encode(value).decode() for name, value in text.items()})
        beside(image.layout, ".sig").write_text(line)

        with fails(
            "the image 'localhost/web:latest' was changed since it was signed [image-changed]\n"
            f"  it is {image.digest}, signed was no image\n"
            "  hint: build and sign it again"
        ):
            verify(image, keys[1])


@pytest.mark.parametrize("part", ["manifest", "config", "layer"])
def test_a_blob_that_was_changed_is_found(tmp_path: Path, keys: tuple[Path, Path], part: str) -> None:
    image = image_of(tmp_path, keys[0])
    blob = {"manifest": image.descriptor, "config": image.config_descriptor, "layer": image.layers[-1]}[part]
    path = image.blob(blob)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"web", b"bew") if b"web" in raw else raw[:-1] + b"\1")

    with fails(
        "the image 'localhost/web:latest' was changed since it was signed [image-changed]\n"
        f"  '{path}' is not what its name says\n"
        "  hint: build and sign it again"
    ):
        verify(image, keys[1])


def test_a_blob_that_is_gone_is_told(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    image = image_of(tmp_path, keys[0])
    path = image.blob(image.layers[0])
    path.unlink()

    with fails(f"can't read '{path}' [unreadable]\n  No such file or directory"):
        verify(image, keys[1])


def test_a_damaged_signature_is_told_and_signing_replaces_it(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    image = image_of(tmp_path, keys[0])
    place = beside(image.layout, ".sig")
    place.write_text('{"Payload": 1}')

    with fails(
        f"'{place}' is damaged [bad-signature]\n"
        "  argument should be a bytes-like object or ASCII string, not 'int'\n"
        "  hint: build and sign the image again"
    ):
        verify(image, keys[1])
    verify(image_of(tmp_path, keys[0]), keys[1])


def test_the_same_image_keeps_its_signatures_and_another_one_loses_them(
    tmp_path: Path, keys: tuple[Path, Path], other: tuple[Path, Path]
) -> None:
    place = beside(image_of(tmp_path, keys[0]).layout, ".sig")
    first = place.read_bytes()

    assert image_of(tmp_path, None)
    assert place.read_bytes() == first
    both = image_of(tmp_path, other[0])
    verify(both, keys[1])
    verify(both, other[1])
    image_of(tmp_path, keys[0])
    assert len(place.read_bytes().splitlines()) == 2
    published(make(tmp_path / "web-latest-oci", epoch=5))
    assert not place.exists()


def test_a_passphrase_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass", "pass:secret")
    private, public = key_pair(tmp_path, "locked", *options)

    with fails(
        f"the key '{private}' has a passphrase, and nothing says which [no-passphrase]\n"
        "  hint: put it into the environment: COSIGN_PASSWORD"
    ):
        openssl.private_key(private)
    monkeypatch.setenv("COSIGN_PASSWORD", "wrong")
    with pytest.raises(SdkError) as error:
        openssl.private_key(private)
    assert str(error.value).startswith(f"the key '{private}' can't be used [bad-key]\n")
    assert str(error.value).endswith("\n  hint: is COSIGN_PASSWORD its passphrase?")
    monkeypatch.setenv("COSIGN_PASSWORD", "secret")
    verify(image_of(tmp_path, private), public)


def test_keys_that_can_t_be_used_are_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    def unusable(path: Path, why: str, hint: str) -> str:
        return f"the key '{path}' can't be used [bad-key]\n  {why}\n  hint: {hint}"

    rsa, rsa_public = key_pair(tmp_path, "rsa", "-algorithm", "RSA")
    text = tmp_path / "text"
    text.write_text("hello")
    curve = "it is not ECDSA on the curve P-256"
    with fails(unusable(rsa, curve, MAKE)):
        openssl.private_key(rsa)
    with fails(unusable(rsa_public, curve, MAKE)):
        openssl.public_key(rsa_public)
    with fails(unusable(text, "it has no private key in PEM form", MAKE)):
        openssl.private_key(text)
    with fails(unusable(keys[1], "it has no private key in PEM form", MAKE)):
        openssl.private_key(keys[1])
    with fails(unusable(text, "it has no public key in PEM form", PUBLIC)):
        openssl.public_key(text)
    with fails(unusable(keys[0], "it is a private key: to verify takes the public one", PUBLIC)):
        openssl.public_key(keys[0])


def test_a_damaged_key_says_what_openssl_says(tmp_path: Path) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    private.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    public.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    for read, path in ((openssl.private_key, private), (openssl.public_key, public)):
        with pytest.raises(SdkError) as error:
            read(path)
        assert str(error.value).startswith(f"the key '{path}' can't be used [bad-key]\n  ")


def test_a_key_of_cosign_is_refused_with_what_to_do(tmp_path: Path) -> None:
    key = tmp_path / "cosign.key"
    key.write_text("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJ\n-----END\n")

    with fails(
        f"the key '{key}' is encrypted in cosign's own way, which openssl can't read [bad-key]\n"
        f"  hint: {MAKE}; cosign takes it as well: cosign import-key-pair --key KEY.pem"
    ):
        openssl.private_key(key)


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    for read in (openssl.private_key, openssl.public_key):
        with fails(
            f"can't read the key '{tmp_path}/none' [no-key]\n  No such file or directory\n"
            "  hint: make one: openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem"
        ):
            read(tmp_path / "none")


def test_without_openssl_it_is_told(
    tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = openssl.private_key(keys[0])
    monkeypatch.setenv("PATH", str(tmp_path))
    for use in (
        lambda: openssl.private_key(keys[0]),
        lambda: openssl.public_key(keys[1]),
        lambda: key.sign(b""),
        lambda: openssl.good(key.public, b"", b""),
    ):
        with fails(
            "images can't be signed or verified without openssl [missing-program]\n  hint: install openssl"
        ):
            use()


def test_what_is_written_can_be_read_by_others(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    umask = os.umask(0o077)
    try:
        image = image_of(tmp_path, keys[0])
    finally:
        os.umask(umask)

    assert beside(image.layout, ".sig").stat().st_mode & 0o777 == 0o644
