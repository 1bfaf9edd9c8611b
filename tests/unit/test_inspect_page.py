"""The page of container-inspect: one file, that nothing in an image can get out of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.bom import inspection, page

from .basemaker import Maker, tar
from .helpers import file
from .inspectmaker import OLD_TOP, TOP, debian, said

EVIL = "</script><script>alert(1)</script><!--"


def data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    answer: dict[str, Any] = json.loads(found[1])
    return answer


def test_it_needs_nothing_from_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, debian(tmp_path / "img"), "--format", "html")

    assert re.findall(r"""(?:src|href)=["']?([^"'> ]*)""", text) == ["data:,"]
    assert not re.search(
        r"https?://|url\(|@import|import\(|fetch\(|XMLHttp|innerHTML", text.replace("https://web.", "")
    )
    assert text.count("<script") == text.count("</script>") == 2


def test_its_policy_lets_its_own_script_and_style_in_and_no_other(tmp_path: Path) -> None:
    text = page.of_image(inspection.read(str(debian(tmp_path / "img"))))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    bodies = (re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL) for name in ("style", "script"))
    style, script = (base64.b64encode(hashlib.sha256(b[1].encode()).digest()).decode() for b in bodies if b)

    assert policy is not None
    assert policy[1] == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    )


def test_texts_of_an_image_can_not_get_out_of_their_place(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "img")
    entry = maker.image(tar(file(EVIL, b"x"), file("@script@\udcff", b"x")), User=EVIL)
    maker.index({**entry, "annotations": {"io.containerd.image.name": f"x/{EVIL}"}})
    text = page.of_image(inspection.read(str(tmp_path / "img")))
    clean = page.of_image(inspection.read(str(debian(tmp_path / "clean"))))

    assert text.count("<script") == clean.count("<script")
    assert "<title>x/&lt;/script&gt;&lt;script&gt;alert(1)" in text
    assert data(text)["config"] == [["user", EVIL]]
    assert [row[0] for row in data(text)["tree"]] == [EVIL, "@script@?"]


def test_what_it_knows(tmp_path: Path) -> None:
    found = data(page.of_image(inspection.read(str(debian(tmp_path / "img")))))

    assert found["packages"][0] == [
        *("libc6", "2.36", "amd64", 5000, 1, [0], "", "glibc", "", "", 0, [1, 3]),
    ]
    assert found["tree"][0] == ["usr/lib/libc.so.6", 5000, 0, 0]
    assert sum(row[1] for row in found["tree"]) == found["size"]
    assert found["hidden"] == [["/usr/bin/dash", 400, 0, 1], ["/etc/web.conf", 4, 0, 1]]
    assert "difference" not in found


def test_what_it_knows_of_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = debian(tmp_path / "one", OLD_TOP), debian(tmp_path / "other", TOP)
    text = said(capsys, one, other, "--format", "html")
    found = data(text)["difference"]

    assert "<title>localhost/one:latest → localhost/other:latest</title>" in text
    assert found["packages"] == [["dash", "changed", "0.5", "0.5", -400]]
    assert found["counts"] == {"added": 1, "removed": 2}
    assert found["shared"][0] == 1
