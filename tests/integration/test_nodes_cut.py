"""What has arrived at a node before the link was cut stays; and nodes of CRI-O that have skopeo alone."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import NamespaceTarget
from unit.helpers import AMD64, file, group

from sdk_hooks.core import build
from sdk_hooks.core.deploy import packed
from sdk_hooks.core.deploy.connection import Options, connect
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.k8s import preload
from sdk_hooks.core.k8s.app import Copy, preloaded
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

from .place import QUICK, Place

pytestmark = pytest.mark.integration
LAYER = 400_000
CTR = "ctr -n k8s.io"
NO_PODMAN = """\
mkdir -p /bin-without
for f in /usr/bin/* /usr/sbin/* /bin/* /sbin/*; do
	case ${f##*/} in podman* | docker*) ;; *) ln -sf "$f" /bin-without/ ;; esac
done
rm -f /bin-without/skopeo
cat >/bin-without/skopeo
chmod 755 /bin-without/skopeo
"""


def made(top: Path, content: str) -> Image:
    """Three layers that nothing can make smaller, and *content* in one above."""
    noise = random.Random(1)
    groups = [group(name, file(f"usr/{name}", noise.randbytes(LAYER))) for name in ("one", "two", "three")]
    groups.append(group("top", file("etc/said", content.encode())))
    return build.build("big", Source(groups, AMD64), Spec(entrypoint=("/usr/one",)), top, 1000).image


def bring(place: Place, runtime: str, image: Image) -> Brought:
    store = load().clusters()["k8s"].store(runtime)
    assert store is not None
    options = Options(place.board.ssh_config, extra=tuple(word for word in QUICK if "=" in word))
    with connect(place.alias, options) as connection, packed.Packer() as packer:
        return preload.bring(connection, store, [Copy(preloaded(image), image)], Ui(quiet=True), packer)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_PART", LAYER // 2)


@pytest.fixture
def node(at: Callable[[str], Place]) -> Iterator[Place]:
    place = at("containerd")
    yield place
    place.sh(f"for i in $({CTR} images ls -q); do {CTR} images rm --sync $i; done")


def names(place: Place) -> list[str]:
    found = place.sh(f"{CTR} images ls -q").split()
    return sorted(name for name in found if not name.startswith("sha256:"))


@pytest.mark.usefixtures("small_parts")
def test_cut_load_goes_on_where_it_was(node: Place, tmp_path: Path) -> None:
    image = made(tmp_path, "whole")
    node.board.cut_link(after=2 * LAYER - 100_000)
    try:
        with pytest.raises(SdkError) as caught:
            bring(node, "containerd://1.6", image)
    finally:
        node.board.restore_link()
    assert caught.value.code == "connection-lost"
    name = preloaded(image)
    assert names(node) == [f"{name}-part2"]  # that of base files is below it

    sent = bring(node, "containerd://1.6", image)

    assert sent.layers == 3
    assert LAYER < sent.wire - LAYER < LAYER + 20_000
    assert names(node) == [name]
    assert node.sh(f"{CTR} images ls").count("io.cri-containerd.pinned=pinned") == 1
    mounted = f"{CTR} images mount {name} /mnt >/dev/null; cat /mnt/etc/said; cksum </mnt/usr/one"
    unmount = f"{CTR} images unmount --rm /mnt >/dev/null"
    assert node.sh(f"{mounted}; {unmount}").startswith("whole")
    assert bring(node, "containerd://1.6", image) == Brought(0, 0, 0)


@pytest.mark.usefixtures("small_parts")
def test_a_node_of_cri_o_with_skopeo_alone_is_given_what_it_lacks(
    podman: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_podman(podman.board)
    monkeypatch.setattr(preload, "_PATH", "PATH=/bin-without; export PATH\n")
    first, second = made(tmp_path / "1", "first"), made(tmp_path / "2", "second")
    try:
        assert bring(podman, "cri-o://1.37", first).layers == 5
        assert bring(podman, "cri-o://1.37", first) == Brought(0, 0, 0)
        sent = bring(podman, "cri-o://1.37", second)
        assert (sent.layers, sent.wire < 10_000) == (1, True)

        found = podman.sh("podman image ls --format '{{.Repository}}:{{.Tag}}'").split()
        assert sorted(found) == sorted(map(preloaded, (first, second)))
        shown = f"cat $(podman image mount {preloaded(second)})/etc/said; podman image unmount -a >/dev/null"
        assert podman.sh(shown) == "second"
    finally:
        podman.sh("podman rmi -f -a; rm -rf /bin-without")


def without_podman(board: NamespaceTarget) -> None:
    """A directory of programs as on a node that has skopeo, and no podman."""
    skopeo = Path("/usr/bin/skopeo")
    if not skopeo.exists():
        pytest.skip("skopeo is not installed: apt install skopeo")
    assert not board.run(("sh", "-c", NO_PODMAN), stdin=skopeo.read_bytes()).returncode
