"""Makes the trees that are measured: the same bytes from the same seed, on any machine, in seconds.

python -m benchmarks.tree image DIR [MEGABYTES [LARGEST_MEGABYTES]]
python -m benchmarks.tree many DIR
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from collections.abc import Iterator, Sequence

MB = 1_000_000
ELF_SHARE = 0.62
"""What programs and libraries are of a 100 MB image; the rest is text."""
PROGRAM = "usr/bin/app"
"""The file that changes between two builds."""
PROGRAM_SIZE = 346_000
MANY = 20_000

_CODE = "code"
_TEXT = "text"
_LETTERS = b"etaoinshrdlucmfwypvbgkqjxzetaoinshrdluetaoin"


def image(top: str, size: int = 100 * MB, largest: int = 2_500_000) -> None:
    """A tree of *size* bytes: 62 % programs and libraries that need each other, 38 % text.

    :param largest: Bytes of the largest library.
    """
    _write(top, PROGRAM, program(0), 0o755)
    left, number, below = int(size * ELF_SHARE) - PROGRAM_SIZE, 0, ""
    for part in _sizes("libraries", left, 30_000, largest):
        name = f"libpart{number}.so.1"
        _write(top, f"usr/lib/{name}", elf(f"library {number}", part, [below] if below else [], name), 0o755)
        number, below = number + 1, name
    for number, part in enumerate(_sizes("texts", size - int(size * ELF_SHARE), 2_000, 64_000)):
        _write(top, f"usr/share/app/{number % 40:02}/part{number}.txt", text(f"text {number}", part), 0o644)


def many(top: str, count: int = MANY) -> None:
    """A tree of *count* files of 0 to 4 KB in 400 directories, and one program."""
    _write(top, PROGRAM, program(0), 0o755)
    pool = text("pool", 1 * MB)
    dice = _Dice("many")
    for number in range(count - 1):
        start, length = dice.below(MB - 4096), dice.below(4096)
        path = f"usr/lib/node/package{number // 50:03}/{'lib/' if number % 2 else ''}module{number}.js"
        _write(top, path, pool[start : start + length], 0o644)


def program(version: int) -> bytes:
    """The program that changes; each *version* differs from the others throughout, as after a new link."""
    return elf(f"program {version}", PROGRAM_SIZE, [], "")


def change(top: str, version: int) -> None:
    """Put another version of the program into the tree at *top*, as `install` does."""
    _write(top, PROGRAM, program(version), 0o755)


def elf(seed: str, size: int, needed: Sequence[str], soname: str) -> bytes:
    """A 64-bit x86 shared object of *size* bytes that a dynamic linker could read."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in [*needed, soname] if name)
    at = {name: strings.index(b"\0" + name.encode() + b"\0") + 1 for name in [*needed, soname] if name}
    tags = [(1, at[name]) for name in needed] + ([(14, at[soname])] if soname else [])
    dynamic, table = 64 + 2 * 56, 64 + 2 * 56 + (len(tags) + 3) * 16
    tags += [(5, table), (10, len(strings)), (0, 0)]  # DT_STRTAB, DT_STRSZ, DT_NULL
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, table, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 7, 0, 0, 0, size, size, 4096)
    segment = struct.pack("<IIQQQQQQ", 2, 6, dynamic, dynamic, dynamic, 16 * len(tags), 16 * len(tags), 8)
    start = header + load + segment + b"".join(struct.pack("<qQ", *tag) for tag in tags) + strings
    return start + _tokens(_CODE, seed, size - len(start))


def text(seed: str, size: int) -> bytes:
    """Words, the frequent ones short, in lines."""
    return _tokens(_TEXT, seed, size)


def _tokens(kind: str, seed: str, size: int) -> bytes:
    """*size* bytes of the 65,536 pieces of *kind*, in an order that *seed* gives."""
    table, out, held, turn = _table(kind), [], 0, 0
    while held < size:
        order = hashlib.shake_256(f"{seed} {turn}".encode()).digest(1 << 16)
        out.append(b"".join(map(table.__getitem__, struct.unpack("<32768H", order))))
        held, turn = held + len(out[-1]), turn + 1
    return b"".join(out)[:size]


_tables: dict[str, list[bytes]] = {}


def _table(kind: str) -> list[bytes]:
    if kind not in _tables:
        _tables[kind] = list(_pieces(_Dice(kind), 200) if kind == _CODE else _words(_Dice(kind)))
    return _tables[kind]


def _pieces(dice: _Dice, opcodes: int) -> Iterator[bytes]:
    """Two to four instructions: a frequent beginning each, then an operand that is zero in part."""
    known = [dice.bytes(1 + dice.below(3)) for _ in range(opcodes)]
    runs = []
    for _ in range(1 << 14):
        run = [known[dice.below(1 + dice.below(opcodes))] for _ in range(2 + dice.below(3))]
        runs.append(b"".join(start + dice.bytes(dice.below(2)) + bytes(dice.below(3)) for start in run))
    return (runs[dice.below(1 + dice.below(1 + dice.below(len(runs))))] for _ in range(1 << 16))


def _words(dice: _Dice) -> Iterator[bytes]:
    known = [bytes(_LETTERS[b % len(_LETTERS)] for b in dice.bytes(2 + dice.below(9))) for _ in range(3000)]
    for _ in range(1 << 16):
        run = [known[dice.below(1 + dice.below(1 + dice.below(len(known))))] for _ in range(2)]
        yield b" ".join(run) + (b" ", b" ", b" ", b" ", b" ", b", ", b".\n", b"\n    ")[dice.below(8)]


def _sizes(seed: str, total: int, least: int, most: int) -> Iterator[int]:
    """Sizes from *least* to *most*, small ones more often, that make *total*."""
    dice = _Dice(seed)
    while total > most:
        size = least + dice.below(1 + dice.below(most - least))
        yield size
        total -= size
    yield total


class _Dice:
    """Numbers that depend on the seed and on nothing else: `random` promises less across Python versions."""

    def __init__(self, seed: str) -> None:
        self.seed, self.turn, self.held, self.at = seed, 0, b"", 0

    def bytes(self, count: int) -> bytes:
        if self.at + count > len(self.held):
            self.held = hashlib.shake_256(f"{self.seed} {self.turn}".encode()).digest(1 << 16)
            self.turn, self.at = self.turn + 1, 0
        self.at += count
        return self.held[self.at - count : self.at]

    def below(self, limit: int) -> int:
        return int.from_bytes(self.bytes(4), "little") % limit


def _write(top: str, path: str, content: bytes, mode: int) -> None:
    place = f"{top}/{path}"
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(f"{place}.new", "wb") as file:
        file.write(content)
    os.chmod(f"{place}.new", mode)
    os.utime(f"{place}.new", (1_700_000_000 + len(content), 1_700_000_000 + len(content)))
    os.replace(f"{place}.new", place)


if __name__ == "__main__":
    if sys.argv[1] == "image":
        image(sys.argv[2], *(int(number) * MB for number in sys.argv[3:]))
    else:
        many(sys.argv[2])
