"""The page of container-inspect in a real browser: what it shows, and that it asks for nothing."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.basemaker import Maker, tar
from unit.helpers import file
from unit.inspectmaker import NEW_TOP, debian

from . import browser
from .pageview import check_areas, contrasts, large_image
from .tester import Cli

pytestmark = pytest.mark.integration
NAMES = ["dash", "libc6", "libfoo1", "web"]
"""Packages of the image."""


@pytest.fixture(scope="module")
def window() -> Iterator[browser.Browser]:
    if not browser.found():
        pytest.skip("chromium is not installed: apt-get install chromium chromium-driver")
    with browser.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debian(tmp_path_factory.mktemp("image") / "img")


@pytest.fixture
def shown(window: browser.Browser, cli: Cli, image: Path, tmp_path: Path) -> Iterator[browser.Browser]:
    """The page of the image, in the browser; at the end it must have complained of nothing."""
    yield visited(window, page(cli, tmp_path, image))
    assert window.complaints() == []


def page(cli: Cli, directory: Path, *images: Path) -> Path:
    """The file of the page."""
    done = cli("container-inspect", *map(str, images), "--format", "html")
    assert (done.status, done.stderr) == (0, "")
    path = directory / "page.html"
    path.write_text(done.stdout)
    return path


def visited(window: browser.Browser, path: Path) -> browser.Browser:
    """*path* in *window*, which then must have asked for nothing else."""
    window.call("POST", "url", {"url": "about:blank"})
    window.requests()
    window.open(path)
    assert window.requests() == [path.as_uri()]
    return window


def test_rectangles_are_as_large_as_what_they_stand_for(shown: browser.Browser) -> None:
    for mode in ("package", "layer", "directory"):
        shown.click(f"button[data-mode={mode}]")
        cells = check_areas(shown)
        assert shown.js(f"return document.querySelector('[data-mode={mode}]').ariaPressed") == "true"
        if mode == "package":
            assert {cell["name"].split(",")[0] for cell in cells} == {"libc6", "web", "libfoo1", "no package"}


def test_a_click_goes_in_and_the_trail_leads_out(shown: browser.Browser, cli: Cli, image: Path) -> None:
    shown.click('.cell[aria-label^="web,"]')
    cells = check_areas(shown)
    answer = json.loads(cli("container-inspect", str(image), "--format", "json").stdout)

    assert shown.text("#trail span").startswith("web ")
    assert {cell["name"] for cell in cells} == {
        "/usr/bin/web, 3.0 KB",
        "/usr/share/doc/web/copyright, 136 B",
        "/etc/web.conf, 5 B",
    }
    assert sum(cell["size"] for cell in cells) == answer["packages"][1]["size"]
    shown.click("#trail button")
    assert len(check_areas(shown)) == 4


def test_the_keyboard_is_enough(shown: browser.Browser) -> None:
    shown.js("document.querySelector('.cell').focus()")
    focused = "return document.activeElement.getAttribute('aria-label')"
    first = shown.js(focused)
    shown.press("ArrowRight")
    second = shown.js(focused)
    assert first != second
    assert shown.text("#detail").startswith(second.split(",")[0])
    shown.press("Enter")
    assert shown.text("#trail span").startswith(second.split(",")[0])
    assert shown.js("return document.activeElement.className").startswith("cell")
    shown.press("Escape")
    assert shown.js("return document.querySelectorAll('#trail button').length") == 0
    outside = "return !document.getElementById('map').contains(document.activeElement)"
    shown.press("Tab")
    assert shown.js(outside), "Tab leaves the map: its rectangles are one stop"


def test_the_search_filters_and_a_name_leads_to_its_rectangle(shown: browser.Browser) -> None:
    rows = "document.querySelectorAll('#packages tbody tr:not([hidden]) .link')"
    visible = f"return [...{rows}].map((b) => b.textContent)"
    assert shown.js(visible) == ["libc6", "web", "libfoo1", "dash"]
    shown.type("#search", "WEB gpl")
    assert shown.js(visible) == ["web"]
    assert shown.text("#found") == "1 of 4 packages"
    shown.click("#packages tbody tr:not([hidden]) .link")
    assert shown.text("#trail span").startswith("web ")


def test_the_table_says_why(shown: browser.Browser) -> None:
    rows = shown.js("return [...document.querySelectorAll('#packages tbody tr')].map((row) => row.innerText)")

    assert [row.split("\t")[-1].strip() for row in rows] == [
        "web \u203a dash needs it",
        "asked for",
        "web needs it",
        "web needs it",
    ]


def test_headings_sort(shown: browser.Browser) -> None:
    names = "return [...document.querySelectorAll('#packages .link')].map((b) => b.textContent)"
    shown.click("#packages th:first-child button")
    assert shown.js(names) == NAMES
    shown.click("#packages th:first-child button")
    assert shown.js(names) == NAMES[::-1]
    assert shown.js("return document.querySelector('#packages th').getAttribute('aria-sort')") == "descending"


def test_texts_can_be_read_in_light_and_in_dark(shown: browser.Browser) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2, AA)."""
    backgrounds = []
    for scheme in ("light", "dark"):
        shown.emulate(prefers_color_scheme=scheme)
        backgrounds.append(shown.js("return getComputedStyle(document.body).backgroundColor"))
        assert [found for found in contrasts(shown) if found[1] < 4.5] == [], scheme
    assert backgrounds[0] != backgrounds[1]


def test_two_images_have_what_is_different_on_top(
    window: browser.Browser, cli: Cli, image: Path, tmp_path: Path
) -> None:
    shown = visited(window, page(cli, tmp_path, image, debian(tmp_path / "new", NEW_TOP, User="0")))
    tables = shown.text("#difference-tables")

    assert shown.text("h1") == "localhost/new:latest"
    assert "user 33 0" in tables
    assert "libfoo1 changed 2.0+1 2.1 \u2212500 B" in tables
    marked = shown.js("return [...document.querySelectorAll('.cell.changed')].map((c) => c.ariaLabel)")
    assert sorted(marked) == ["libfoo1, 1.5 KB, changed", "new, 700 B, changed", "web, 3.1 KB, changed"]
    check_areas(shown)
    assert shown.complaints() == []


def test_what_an_image_says_does_nothing_in_the_page(
    window: browser.Browser, cli: Cli, tmp_path: Path
) -> None:
    evil = "<img src=x onerror=document.title='caught'><b>"
    maker = Maker(tmp_path / "img")
    maker.index(maker.image(tar(file(evil, b"12345"), file("\u2028'\"&", b"1")), User=evil))
    shown = visited(window, page(cli, tmp_path, maker.path))

    shown.click(".cell")
    assert evil in shown.text("#detail")
    assert evil in shown.text("#config")
    assert shown.js("return document.querySelectorAll('img').length") == 0
    assert "caught" not in shown.js("return document.title")
    assert shown.complaints() == []


def test_a_large_image_takes_two_seconds(cli: Cli, window: browser.Browser, tmp_path: Path) -> None:
    """On a machine with nothing else to do; here its processor time may be three times that."""
    large = large_image(tmp_path / "large")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = page(cli, tmp_path, large)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6
    assert path.stat().st_size < 2_000_000
    shown = visited(window, path)
    assert shown.text("#found") == "1000 of 1000 packages"
    for mode in ("directory", "package"):
        shown.click(f"button[data-mode={mode}]")
        check_areas(shown)
    assert shown.complaints() == []
