"""How container-inspect tells people of an image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdk_hooks.core import ui
from sdk_hooks.core.bom import configuration
from sdk_hooks.core.bom.difference import Difference, Files, Packages
from sdk_hooks.core.bom.inspection import File, Inspection, Package
from sdk_hooks.core.bom.question import Reason
from sdk_hooks.core.files.fileset import HARDLINK, SYMLINK
from sdk_hooks.core.ui import human

_MOST = 15
"""Packages in the summary, and files of a difference."""
_WIDE = 60
"""Letters of a text that is one of several in a row."""

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
"""What anybody's image may have in its texts, and a terminal would act upon."""

Row = tuple[str, ...]


def summary(image: Inspection) -> str:
    """What is in *image*, on one screen."""
    large = sorted(range(len(image.layers)), key=lambda index: -image.layers[index].size)
    parts = [_head(image), _layers(image, sorted(large[:_MOST]))]
    if large[_MOST:]:
        size = sum(image.layers[index].size for index in large[_MOST:])
        parts[-1] += f"\n{_count(large[_MOST:], 'smaller layer')}, {human(size)}: --layers"
    shown, more = image.packages[:_MOST], image.packages[_MOST:]
    if shown:
        parts.append(_table([("PACKAGE", "VERSION", "SIZE", "WHY"), *map(_package_row, shown)]))
    if more:
        parts[-1] += f"\n{_count(more, 'smaller package')}, {human(sum(p.size for p in more))}: --packages"
    return "\n\n".join([*parts, _rest(image)])


def packages(image: Inspection) -> str:
    """Every package with all that is known of it."""
    heading = ("PACKAGE", "VERSION", "ARCH", "SIZE", "FILES", "LICENCE", "RECIPE", "FEED", "WHY")
    rows = [
        (
            each.component.name,
            each.component.version or "-",
            each.component.architecture or "-",
            human(each.size),
            str(each.files),
            _short(each.component.license) or "-",
            each.component.source or "-",
            each.component.feed or "-",
            _why(each),
        )
        for each in image.packages
    ]
    return "\n\n".join([_table([heading, *rows]), _rest(image)] if rows else [_rest(image)])


def layers(image: Inspection) -> str:
    """Every layer, and what layers above it replace or delete."""
    parts = [_layers(image, range(len(image.layers)))]
    if image.hidden:
        rows = [
            (human(each.size), f"{each.layer + 1}", f"{each.by + 1}", f"/{each.path}")
            for each in sorted(image.hidden, key=lambda each: (-each.size, each.path))
        ]
        parts.append(_table([("SIZE", "IN", "HIDDEN BY", "PATH"), *rows]))
    return "\n\n".join(parts)


def files(image: Inspection, chosen: Sequence[File]) -> str:
    """*chosen*, one by one."""
    heading = ("SIZE", "MODE", "OWNER", "LAYER", "PACKAGE", "PATH")
    total = f"{_count(chosen, 'file')}, {human(sum(each.entry.size for each in chosen))}"
    return f"{_table([heading, *(_file_row(image, each) for each in chosen)])}\n\n{total}"


def reason(image: Inspection, found: Reason) -> str:
    """Why a package or a file is there."""
    parts = []
    if found.file:
        layer = image.layers[found.file.layer]
        rows = [
            ("file", f"/{found.file.entry.path}{_link(found.file)}"),
            ("size", human(found.file.entry.size)),
        ]
        rows.append(("layer", f"{found.file.layer + 1}, {layer.digest[7:19]}  {layer.comment}".strip()))
        rows += [("covers", f"{human(each.size)} in layer {each.layer + 1}") for each in found.covers]
        rows.append(("package", found.chain[-1].component.name if found.chain else "none"))
        parts.append(_table([*rows]))
    if found.chain:
        parts.append(_table([("PACKAGE", "VERSION", "SIZE", "WHY"), *_chain_rows(found.chain)]))
    if len(found.needed_by) > 1:
        parts.append(f"needed by {', '.join(found.needed_by)}")
    return "\n\n".join(parts)


def difference(found: Difference) -> str:
    """What is different in the second of two images."""
    if found.same:
        return "the images have the same content"
    parts = [_table(_difference_head(found))]
    if found.settings:
        rows = [(each.name, _short(each.old) or "-", _short(each.new) or "-") for each in found.settings]
        parts.append(_table([("SETTING", "OLD", "NEW"), *rows]))
    if found.packages:
        heading = ("PACKAGE", "CHANGE", "OLD", "NEW", "SIZE")
        parts.append(_table([heading, *map(_changed_package, found.packages)]))
    if found.files:
        order = sorted(found.files, key=lambda each: (-abs(each.delta), each.path))
        parts.append(_table([("FILE", "CHANGE", "SIZE"), *map(_changed_file, order[:_MOST])]))
        if order[_MOST:]:
            parts[-1] += f"\n{_count(order[_MOST:], 'more file')}: --format json"
    return "\n\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    return ui.table([tuple(cell.translate(_CONTROL) for cell in row) for row in rows])


def _head(image: Inspection) -> str:
    rows = [
        ("image", image.name or "-"),
        ("digest", image.digest),
        ("platform", str(image.platform)),
        ("size", f"{human(image.size)} in {_count(image.files, 'file')}"),
        *((name, value) for name, value in configuration.told(image.config).items()),
    ]
    return _table([*rows])


def _layers(image: Inspection, chosen: Iterable[int]) -> str:
    heading = ("LAYER", "DIGEST", "SIZE", "FILES", "HIDDEN", "WHAT")
    rows = [
        (
            str(index + 1),
            image.layers[index].digest[7:19],
            human(image.layers[index].size),
            str(image.layers[index].files),
            human(image.layers[index].hidden) if image.layers[index].hidden else "-",
            _short(image.layers[index].comment),
        )
        for index in chosen
    ]
    return _table([heading, *rows])


def _rest(image: Inspection) -> str:
    size = sum(each.entry.size for each in image.unowned)
    lines = [f"{_count(image.unowned, 'file')} of no package, {human(size)}"]
    if image.hidden:
        lines.append(
            f"{human(image.wasted)} hidden in {_count(image.hidden, 'file')} of lower layers: --layers"
        )
    return "\n".join(lines)


def _package_row(package: Package) -> Row:
    return (
        package.component.name,
        package.component.version or "-",
        human(package.size),
        _why(package),
    )


def _why(package: Package) -> str:
    """The way to it, without itself."""
    above = package.why[:-1]
    if above:
        return " > ".join(above)
    return "asked for" if package.component.asked else "nothing needs it"


def _chain_rows(chain: Sequence[Package]) -> Iterable[Row]:
    above = ""
    for each in chain:
        why = f"{above} needs it" if above else _why(each)
        yield (each.component.name, each.component.version or "-", human(each.size), why)
        above = each.component.name


def _file_row(image: Inspection, file: File) -> Row:
    entry, owner = file.entry, image.owner(file)
    return (
        human(entry.size),
        f"{entry.mode:04o}",
        f"{entry.uid}:{entry.gid}",
        str(file.layer + 1),
        owner.component.name if owner else "-",
        f"/{entry.path}{_link(file)}",
    )


def _link(file: File) -> str:
    if file.entry.kind == SYMLINK:
        return f" -> {file.entry.link}"
    return f" = /{file.entry.link.lstrip('/')}" if file.entry.kind == HARDLINK else ""


def _difference_head(found: Difference) -> list[Row]:
    old, new = found.old, found.new
    sent = sum(layer.size for layer in found.sent)
    return [
        ("", "OLD", "NEW", ""),
        ("image", old.name or "-", new.name or "-", ""),
        ("digest", old.digest[:19], new.digest[:19], ""),
        ("size", human(old.size), human(new.size), _signed(new.size - old.size)),
        ("files", str(len(old.files)), str(len(new.files)), f"{len(new.files) - len(old.files):+d}"),
        ("layers", str(len(old.layers)), str(len(new.layers)), f"{len(found.shared)} shared"),
        ("to send", "", human(sent), f"in {_count(found.sent, 'layer')}, before compression"),
    ]


def _changed_package(each: Packages) -> Row:
    old, new = (side.component.version or "-" if side else "" for side in (each.old, each.new))
    return (each.name, each.change, old, new, _signed(each.delta))


def _changed_file(each: Files) -> Row:
    return (f"/{each.path}", each.change, _signed(each.delta))


def _signed(count: int) -> str:
    return "0 B" if not count else f"{'+' if count > 0 else '-'}{human(abs(count))}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDE else f"{line[: _WIDE - 3]}..."


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"
