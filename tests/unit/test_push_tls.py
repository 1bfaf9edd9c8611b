"""Registries that are not reached, or not to be believed, in exact words."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from sdk_hooks.core.push import certificates, registry
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .helpers import fails
from .pushing import Told, image, impatient, own, push, refused, says
from .registrymaker import Registry, certificate, login, quickly, serving, there, tls

__all__ = ["image", "impatient", "own", "quickly", "there"]
pytestmark = pytest.mark.usefixtures("impatient")


def test_nobody_listens(image: Image) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        name = f"127.0.0.1:{free.getsockname()[1]}"
        with fails(
            f"can't reach the registry {name!r} [registry-unreachable]\n  connection refused\n  hint: is it running, and is that its port?"
        ):
            registry.push(image, registry.parse(name), Told())


NETWORK = "is this machine on its network? ping registry.example"


NAME = "is it written right? getent hosts registry.example"


@pytest.mark.parametrize(
    ("error", "why", "hint"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name or service not known", NAME),
        (OSError(113, "No route to host"), "no route to host", NETWORK),
        (OSError(101, "Network is unreachable"), "network is unreachable", NETWORK),
        (TimeoutError("timed out"), "timed out", NETWORK),
    ],
)
def test_there_is_no_way_to_it(
    error: OSError, why: str, hint: str, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks and name servers differ from machine to machine: what they say is made up."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: (_ for _ in ()).throw(error))

    with fails(
        f"can't reach the registry 'registry.example' [registry-unreachable]\n  {why}\n  hint: {hint}"
    ):
        registry.push(image, registry.parse("registry.example"), Told())


@pytest.fixture(scope="module")
def certificates_of(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is good, one that has expired, and one for another name."""
    top = tmp_path_factory.mktemp("certificates")
    certificate(top, "good")
    certificate(top, "old", expired=True)
    certificate(top, "other", about="DNS:other.example")
    return top


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /etc."""
    monkeypatch.setattr(certificates, "SYSTEM", str(tmp_path / "etc"))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    return tmp_path / "etc"


def trust(etc: Path, name: str, path: Path, engine: str = "containers") -> Path:
    place = etc / engine / "certs.d" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "ca.crt").write_bytes(path.read_bytes())
    return place


@pytest.mark.parametrize("engine", ["containers", "docker"])
def test_a_ca_of_the_engines_is_trusted(image: Image, certificates_of: Path, etc: Path, engine: str) -> None:
    with serving(Registry(), tls(certificates_of / "good.pem")) as there:
        trust(etc, there.name, certificates_of / "good.crt", engine)
        assert push(image, there).reference.startswith(f"{there.name}/team/web@sha256:")
        assert push(image, there).blobs == 0


def test_a_ca_in_the_environment_is_trusted(
    image: Image, certificates_of: Path, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates_of / "good.crt"))
    with serving(Registry(), tls(certificates_of / "good.pem")) as there:
        assert push(image, there).blobs


def test_a_registry_that_wants_a_certificate_gets_it(image: Image, certificates_of: Path, etc: Path) -> None:
    context = tls(certificates_of / "good.pem")
    context.load_verify_locations(certificates_of / "good.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(Registry(), context) as there:
        place = trust(etc, there.name, certificates_of / "good.crt")
        for suffix in ("cert", "key"):
            (place / f"client.{suffix}").write_bytes((certificates_of / "good.pem").read_bytes())
        assert push(image, there).blobs


def test_a_certificate_that_can_not_be_used_is_told(image: Image, certificates_of: Path, etc: Path) -> None:
    with serving(Registry(), tls(certificates_of / "good.pem")) as there:
        place = trust(etc, there.name, certificates_of / "good.crt")
        (place / "client.cert").write_bytes((certificates_of / "good.crt").read_bytes())
        refused(
            image,
            there,
            f"can't use the certificate '{etc}/containers/certs.d/REGISTRY/client.cert' [bad-certificate]\n  No such file or directory\n"
            f"  hint: look at it: openssl x509 -in {etc}/containers/certs.d/REGISTRY/client.cert -noout -text",
        )


def test_its_certificate_is_not_trusted(image: Image, certificates_of: Path, etc: Path) -> None:
    with serving(Registry(), tls(certificates_of / "good.pem")) as there:
        refused(
            image,
            there,
            "the certificate of the registry 'REGISTRY' is not trusted [registry-untrusted]\n"
            "  self-signed certificate\n"
            "  hint: put the CA that signed it into /etc/containers/certs.d/REGISTRY/ca.crt",
        )
        assert there.asked == []


def test_its_certificate_has_expired(image: Image, certificates_of: Path, etc: Path) -> None:
    with serving(Registry(), tls(certificates_of / "old.pem")) as there:
        trust(etc, there.name, certificates_of / "old.crt")
        refused(
            image,
            there,
            "the certificate of the registry 'REGISTRY' is not valid now [certificate-expired]\n"
            "  certificate has expired\n  hint: renew it there, if this machine's clock is right: date",
        )


def test_its_certificate_is_for_another_name(image: Image, certificates_of: Path, etc: Path) -> None:
    with serving(Registry(), tls(certificates_of / "other.pem")) as there:
        trust(etc, there.name, certificates_of / "other.crt")
        refused(
            image,
            there,
            "the certificate of the registry 'REGISTRY' is for another name [certificate-name]\n"
            "  IP address mismatch, certificate is not valid for '127.0.0.1'\n"
            "  hint: name the registry as its certificate does",
        )


def test_it_speaks_plain_http(image: Image, there: Registry) -> None:
    there.url = there.url.replace("http:", "https:")
    refused(
        image,
        there,
        "the registry 'REGISTRY' speaks plain HTTP [registry-plain]\n"
        "  hint: say so, if the network is to be trusted: http://REGISTRY",
    )


def test_it_speaks_tls_only(image: Image, there: Registry) -> None:
    there.header = False
    there.fail("GET /v2/", says(400, body=b"Client sent an HTTP request to an HTTPS server.\n"))
    refused(
        image,
        there,
        "the registry 'REGISTRY' speaks TLS only [registry-tls-only]\n  hint: say so: https://REGISTRY",
    )


def test_it_speaks_another_tls(image: Image, certificates_of: Path, etc: Path) -> None:
    context = tls(certificates_of / "good.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # for a key of another kind than it has
    with serving(Registry(), context) as there:
        port = there.name.partition(":")[2]
        with pytest.raises(SdkError) as caught:
            push(image, there)
        what, why, hint = str(caught.value).splitlines()
        assert what == f"no TLS with the registry {there.name!r} [registry-tls]"
        assert "handshake failure" in why
        assert hint == f"  hint: what does it want? openssl s_client -connect 127.0.0.1:{port}"


def test_a_login_is_not_sent_without_tls(
    image: Image, certificates_of: Path, etc: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(Registry()) as other, serving(Registry(), tls(certificates_of / "good.pem")) as there:
        trust(etc, there.name, certificates_of / "good.crt")
        login(tmp_path, monkeypatch, there.name, "me:secret")
        there.bearer = f'Bearer realm="{other.url}/token"'
        refused(
            image,
            there,
            f"the registry 'REGISTRY' leads to '{other.url}', without TLS [registry-unsafe]\n"
            "  hint: a proxy before it has to tell it what it is reached by: X-Forwarded-Proto: https",
        )
        there.bearer, there.uploads = "", f"{other.url}/up/secret"
        refused(
            image,
            there,
            f"the registry 'REGISTRY' leads to '{other.url}', without TLS [registry-unsafe]\n"
            "  hint: a proxy before it has to tell it what it is reached by: X-Forwarded-Proto: https",
        )
        assert other.asked == []
