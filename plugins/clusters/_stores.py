"""Where the container runtimes of nodes keep images, whichever distribution started them."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import Argv, Script
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.shell import quoted

_PINNED = "io.cri-containerd.pinned"
# containerd's CRI plugin keeps an image by its ID, too, and all of its layers with it. REF TYPE DIGEST ...
_FORGET = """\
name=$1 own= other=
set -- $({ctr} images ls "name==$1" | tail -n 1)
[ "$1" = "$name" ] || exit 0
for n in $({ctr} images ls -q "target.digest==$3"); do
	case $n in
	"$name") ;;
	sha256:*) own="$own $n" ;;
	*) other=1 ;;
	esac
done
[ -z "$other" ] || own=
exec {ctr} images rm --sync "$name" $own
"""
_HELD = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
_TRANSPORT = "containers-storage:"
_LOAD = """\
if command -v podman >/dev/null; then exec podman load -q; fi
file=$(mktemp) || exit
trap 'rm -f "$file"' EXIT
cat >"$file" || exit
name=$(tar -xOf "$file" index.json | tr ',{' '\\n\\n' | \
sed -n 's/.*"io.containerd.image.name": *"\\([^"]*\\)".*/\\1/p')
skopeo copy -q "oci-archive:$file" "containers-storage:$name"
"""
# Where podman is missing, that by which the storage knows its layers says which there are. It is only read,
# and need not be right: an archive that omits too much is refused by skopeo, and all is sent. Its
# configuration may have another place for it, and the name of its driver is in those of its directories.
_INDEX = """\
skopeo --version >/dev/null || exit
root=
for f in /etc/containers/storage.conf /usr/share/containers/storage.conf; do
	[ -n "$root" ] || root=$(tr -d ' \\t' <"$f" | sed -n 's/^graphroot="\\(.*\\)".*/\\1/p')
done 2>/dev/null
cd "${root:-/var/lib/containers/storage}" 2>/dev/null || exit 0
cat ./*-layers/layers.json 2>/dev/null | tr ',{' '\\n\\n' |
	sed -n 's/.*"diff-digest": *"\\(sha256:[0-9a-f]*\\)".*/blob \\1/p'
cat ./*-images/images.json 2>/dev/null | tr '{' '\\n' | sed -n 's/.*"names": *\\[\\([^]]*\\)\\].*/\\1/p' |
	tr ',' '\\n' | sed -n 's/^ *"\\(.*\\)" *$/image \\1/p'
exit 0
"""


class Containerd:
    """containerd, whose CRI plugin has a namespace of its own."""

    def __init__(self, *ctr: str) -> None:
        self.ctr = (*ctr, "--namespace", "k8s.io")

    def inventory(self) -> Script:
        ctr = quoted(self.ctr)
        return (
            f'c=$({ctr} content ls -q) || exit\nfor b in $c; do echo "blob $b"; done\n'
            f'i=$({ctr} images ls -q) || exit\nfor n in $i; do echo "image $n"; done\n'
        )

    def load(self) -> Argv:
        return (*self.ctr, "images", "import", "-")

    def keep(self, image: str) -> Argv:
        return (*self.ctr, "images", "label", image, f"{_PINNED}=pinned")

    def release(self, image: str) -> Argv:
        return (*self.ctr, "images", "label", image, f"{_PINNED}=")

    def forget(self, image: str) -> Argv:
        return ("sh", "-c", _FORGET.format(ctr=quoted(self.ctr)), "sh", image)


class CriO:
    """CRI-O, which shares its storage with podman and skopeo: it takes no images itself, and one of both must
    be there."""

    def inventory(self) -> Script:
        return (
            f"if ! command -v podman >/dev/null; then\n{_INDEX}fi\n"
            # podman fails when somebody removes an image while it lists them
            'again() { "$@" 2>/dev/null || { sleep 1; "$@"; }; }\n'
            'i=$(again podman image ls -q) || exit\n[ -n "$i" ] || exit 0\n'
            f"podman image inspect --format '{_HELD}' $i 2>/dev/null\n"
            "again podman image ls --format '{{range .Names}}image {{.}}{{\"\\n\"}}{{end}}'\n"
        )

    def load(self) -> Argv:
        return ("sh", "-c", _LOAD)

    def keep(self, image: str) -> Argv:  # noqa: ARG002  only its configuration can say that: pinned_images
        return ()

    def release(self, image: str) -> Argv:  # noqa: ARG002
        return ()

    def forget(self, image: str) -> Argv:
        untag = f'podman rmi "$1" 2>/dev/null || exec skopeo delete "{_TRANSPORT}$1"'
        return ("sh", "-c", untag, "sh", image)


def by_runtime(runtime: str, stores: Mapping[str, NodeStore]) -> NodeStore | None:
    """The one of *stores* for `containerd://1.7.24`."""
    return stores.get(runtime.partition("://")[0])
