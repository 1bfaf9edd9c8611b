"""What can be measured of container-inspect's page in a browser, and a large image for it."""

from pathlib import Path
from typing import Any

import pytest
from unit.basemaker import Maker, tar
from unit.helpers import file

from .browser import Browser

CELLS = """
const map = document.getElementById("map").getBoundingClientRect();
return [...document.querySelectorAll(".cell")].map((cell) => {
  const {left, top, right, bottom, width, height} = cell.getBoundingClientRect();
  const inside = left > map.left - 1 && top > map.top - 1 && right < map.right + 1 && bottom < map.bottom + 1;
  const name = cell.getAttribute("aria-label");
  return {name, size: Number(cell.dataset.size), area: width * height, left, top, right, bottom, inside};
});
"""
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const light = (color) => {
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element) => {
  const color = getComputedStyle(element).backgroundColor;
  return color !== "rgba(0, 0, 0, 0)" ? color : background(element.parentElement);
};
const texts = "h1, .quiet, dd, dt, .cell b, th button, td, .link, #modes button, #legend li";
return [...document.querySelectorAll(texts)].map((element) => {
  const colors = [getComputedStyle(element).color, background(element)].map(light);
  const [a, b] = colors.sort((x, y) => y - x);
  return [`${element.tagName} ${element.className}`, (a + 0.05) / (b + 0.05)];
});
"""


def check_areas(window: Browser) -> list[dict[str, Any]]:
    """Rectangles are as large as what they stand for, lie beside each other, and fill the map."""
    cells: list[dict[str, Any]] = window.js(CELLS)
    total, area = sum(cell["size"] for cell in cells), sum(cell["area"] for cell in cells)
    whole = window.js("const m = document.getElementById('map'); return m.clientWidth * m.clientHeight")
    assert cells
    assert area == pytest.approx(whole, rel=0.001)
    for cell in cells:
        assert cell["inside"], cell
        assert cell["area"] / area == pytest.approx(cell["size"] / total, rel=0.02, abs=0.00002), cell
    for one in cells:
        for other in cells:
            width = min(one["right"], other["right"]) - max(one["left"], other["left"])
            height = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            assert one is other or width < 0.1 or height < 0.1, (one, other)
    return cells


def contrasts(window: Browser) -> list[tuple[str, float]]:
    """How much each text stands out from what is behind it, as WCAG 2 has it: 1 to 21."""
    return [(name, ratio) for name, ratio in window.js(CONTRAST)]


def large_image(path: Path) -> Path:
    """A layout of a hundred thousand files of a thousand packages."""
    files, status = [], []
    for number in range(1000):
        paths = [f"usr/share/package{number}/folder{n % 7}/some-long-file-name-{n}.txt" for n in range(100)]
        files += [file(each, b"x" * (n * 7 + 100)) for n, each in enumerate(paths)]
        depends = f"Depends: package{number // 2}\nDescription: the package number {number}\n"
        fields = (
            f"Status: install ok installed\nVersion: 1.{number}-1+deb12u1\nArchitecture: amd64\n{depends}"
        )
        status.append(f"Package: package{number}\n{fields}")
        listing = "".join(f"/{each}\n" for each in paths).encode()
        files.append(file(f"var/lib/dpkg/info/package{number}.list", listing))
    maker = Maker(path)
    maker.index(maker.image(tar(*files, file("var/lib/dpkg/status", "\n".join(status).encode()))))
    return path
