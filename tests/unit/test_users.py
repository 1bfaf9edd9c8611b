"""users.py: numbers of users by name, as an image's own files have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.files import users
from sdk_hooks.core.spec.model import File, Spec

from .helpers import fails, file, make

PASSWD = "root:x:0:0::/:\n# comment\nbad:x:y:z\nwww:x:33:34::/:\nshort:x:5\n"
GROUP = "root:x:0:\nadm:x:4:www\n"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0", (0, 0)),
        ("1000", (1000, 0)),
        ("33", (33, 34)),
        ("1000:5", (1000, 5)),
        ("www", (33, 34)),
        ("www:adm", (33, 4)),
        ("www:7", (33, 7)),
        ("7:adm", (7, 4)),
        ("short", (5, 0)),
    ],
)
def test_users_and_groups_may_be_numbers_or_names(text: str, numbers: tuple[int, int]) -> None:
    assert users.numbers(text, PASSWD, GROUP) == numbers


@pytest.mark.parametrize(
    ("text", "groups"),
    [("www", (4, 20)), ("33", (4, 20)), ("www:adm", ()), ("33:33", ()), ("1000", ()), ("", ())],
)
def test_a_user_has_the_groups_that_list_it(tmp_path: Path, text: str, groups: tuple[int, ...]) -> None:
    table = "root:x:0:\ndialout:x:20:a,www\nadm:x:4:www\nwww2:x:5:www2\n"
    files = (file("etc/passwd", PASSWD.encode()), file("etc/group", table.encode()))
    image = make(tmp_path / "img", *files, file("bin/x", b"#!", 0o755), spec=Spec(user="root")).image

    assert users.others(image, text) == groups


@pytest.mark.parametrize(
    ("text", "what", "name"),
    [("nobody", "user", "nobody"), ("bad", "user", "bad"), ("www:no", "group", "no"), ("²", "user", "²")],
)
def test_a_name_that_the_image_does_not_know_is_an_error(text: str, what: str, name: str) -> None:
    with fails(
        f"the image has no {what} '{name}' [unknown-user]\n"
        f"  hint: give the {what}'s number, or a recipe or base image that makes the {what}"
    ):
        users.numbers(text, PASSWD, GROUP)


def test_the_topmost_files_of_an_image_count(tmp_path: Path) -> None:
    spec = Spec(files=(File("/etc/passwd", content="www:x:77:78::/:\n"),))
    image = make(tmp_path / "x", file("usr/bin/web", b"#!", 0o755), spec=spec).image

    assert users.of_image(image, "www:nonroot") == (77, 65532)
    assert users.of_image(image, "5:6") == (5, 6)
    assert users.of_image(image, "") == (0, 0)


def test_an_image_without_users_knows_none(tmp_path: Path) -> None:
    spec = Spec(files=(File("/etc/passwd", content=""),))
    image = make(tmp_path / "x", spec=spec).image

    with fails(
        "the image has no user 'www' [unknown-user]\n"
        "  hint: give the user's number, or a recipe or base image that makes the user"
    ):
        users.of_image(image, "www")
