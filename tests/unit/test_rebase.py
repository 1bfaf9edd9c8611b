"""Another base under an unchanged application: its layers stay what they are, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core import build
from sdk_hooks.core.build import Built
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.source import FeedSource
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.oci import layers
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.packages import Relation

from .basemaker import Maker, tar
from .debmaker import deb, member
from .helpers import AMD64, file, flat, folder, group, members
from .test_feeds_packages import Quiet

APP = (
    folder("usr/share/web", 0o750, 5, 5),
    folder("usr/bin"),
    file("usr/bin/web", b"#!", 0o755),
    file("var/web/x", b"x"),
)
BASES = {
    "little": [tar(folder("usr"), file("one", b"1"))],
    "the same with another file": [tar(folder("usr"), file("one", b"2"))],
    "directories that it did not have": [
        tar(folder("usr"), folder("usr/bin"), folder("usr/share/web", 0o750, 5, 5), folder("var/web"))
    ],
    "users": [tar(file("etc/passwd", b"root:x:0:0::/:\nweb:x:7:7::/:\n"), file("etc/group", b"root:x:0:\n"))],
    "more layers": [tar(file(f"layer{number}")) for number in range(7)],
}  # fmt: skip


def on(base: list[bytes], tmp_path: Path, source: Source) -> Built:
    """*source* built on *base* into the same layout each time."""
    number = len(list(tmp_path.glob("base*")))
    maker = Maker(tmp_path / f"base{number}")
    spec = Spec(base=maker.index(maker.image(*base)), entrypoint=("/usr/bin/web",))
    return build.build("web", source, spec, tmp_path / "out", 1000)


@pytest.mark.parametrize("name", BASES)
def test_the_applications_layers_are_used_again(tmp_path: Path, name: str) -> None:
    source = Source([group("dependencies", file("usr/lib/x", b"x")), group("application", *APP)], AMD64)
    before = on(BASES["little"], tmp_path, source)
    after = on(BASES[name], tmp_path, source)

    assert [layer.blob.digest for layer in after.layers] == [layer.blob.digest for layer in before.layers]
    assert after.written == 0
    assert len(after.image.layers) == len(BASES[name]) + 2


@pytest.mark.parametrize("name", BASES)
def test_the_layers_of_packages_are_used_again(tmp_path: Path, name: str) -> None:
    entries = (
        member("./"),
        member("./usr/bin/web", b"#!", mode=0o755, mtime=900),
        member("./var/web/x", b"x"),
    )
    deb(tmp_path / "feed", "web", *entries)
    wanted = Spec(install=(Relation("web"),), feeds=(Feed(str(tmp_path / "feed")),))

    def source() -> Source:
        found = FeedSource(wanted, AMD64, load().package_formats(), Quiet())  # type: ignore[arg-type]  # steps only
        return Source([], AMD64, found.groups)

    before = {layer.comment: layer.blob.digest for layer in on(BASES["little"], tmp_path, source()).layers}
    after = {layer.comment: layer.blob.digest for layer in on(BASES[name], tmp_path, source()).layers}
    [mine] = [comment for comment in before if comment.startswith("web:")]
    assert after[mine] == before[mine]


def test_directories_stay_as_the_base_has_them(tmp_path: Path) -> None:
    """Engines that unpack each layer by itself would show a parent that a layer leaves out as 0755."""
    base = [
        tar(
            folder("var/tmp", 0o1777),
            folder("srv", 0o700, 9, 9),
            Entry("lib", SYMLINK, 0o777, link="usr/lib"),
        )
    ]
    built = on(
        base,
        tmp_path,
        Source([group("application", *APP, file("var/tmp/a"), folder("srv"), file("lib/b"))], AMD64),
    )

    layer = members(built.image)[-1]
    assert (layer["var/tmp"].mode, layer["srv"].mode, layer["srv"].uid) == (0o1777, 0o700, 9)
    assert {"usr", "usr/lib", "usr/lib/b"} <= set(layer)
    assert flat(built.image)["lib"].issym()


def test_one_more_layer_of_the_base_merges_no_others() -> None:
    assert [layers.room(below) for below in (0, 1, 8, 9)] == [40, 32, 32, 24]
