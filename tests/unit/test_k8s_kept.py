"""What people change in generated directories is kept, whatever is generated next."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from sdk_hooks.core.k8s import filechanges, kept
from sdk_hooks.core.k8s.kept import STATE, Generated
from sdk_hooks.errors import SdkError

from .helpers import as_nobody, fails, root_only, write

WEB = "kind: Deployment\nspec:\n  replicas: 1\n  image: a\n"
NEWER = WEB.replace("image: a", "image: b")


def generate(directory: Path, **files: str | Generated) -> tuple[dict[str, str], list[str]]:
    """Generate *files*, `_` for a dot; gives what happened to each, and the remarks."""
    made = {
        name.replace("_", "."): each if isinstance(each, Generated) else Generated(each)
        for name, each in files.items()
    }
    plan = kept.plan(directory, made)
    kept.write(plan)
    return dict(plan.done), [text.replace(str(directory), "DIR") for text in plan.remarks]


def tree(directory: Path) -> Mapping[str, str]:
    """Content by path, without what is remembered."""
    paths = (path for path in directory.rglob("*") if path.is_file() and path.name != STATE)
    return {path.relative_to(directory).as_posix(): path.read_text() for path in paths}


def test_the_first_run_writes_all_and_the_second_nothing(tmp_path: Path) -> None:
    place = tmp_path / "new" / "place"

    assert generate(place, web_yaml=WEB) == ({"web.yaml": "written"}, [])

    def written() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in place.iterdir()}

    before = written()
    assert sorted(path.name for path in before) == [STATE, "web.yaml"]
    assert generate(place, web_yaml=WEB) == ({"web.yaml": "unchanged"}, [])
    assert written() == before


def test_a_file_that_nobody_changed_is_written_anew(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)

    assert generate(tmp_path, web_yaml=NEWER)[0] == {"web.yaml": "updated"}
    assert tree(tmp_path) == {"web.yaml": NEWER}


def test_what_only_the_person_changed_stays(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)
    own = "# mine\n" + WEB
    write(tmp_path, {"web.yaml": own})

    for _ in range(2):
        assert generate(tmp_path, web_yaml=WEB)[0] == {"web.yaml": "kept"}
        assert tree(tmp_path) == {"web.yaml": own}


def test_both_changes_come_together_with_comments_and_in_each_run_after(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)
    own = WEB.replace("replicas: 1\n", "replicas: 3 # three\n") + "extra: true\n"
    write(tmp_path, {"web.yaml": own})

    assert generate(tmp_path, web_yaml=NEWER) == ({"web.yaml": "merged"}, [])
    assert tree(tmp_path) == {"web.yaml": own.replace("image: a", "image: b")}
    assert generate(tmp_path, web_yaml=NEWER)[0] == {"web.yaml": "kept"}
    assert generate(tmp_path, web_yaml=NEWER.replace("b", "c"))[0] == {"web.yaml": "merged"}
    assert tree(tmp_path) == {"web.yaml": own.replace("image: a", "image: c")}


def test_where_lines_do_not_come_together_fields_do_and_lost_comments_are_told(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)
    write(tmp_path, {"web.yaml": "# mine\nkind: Deployment\nspec: {image: a, replicas: 3}\n"})

    done, remarks = generate(tmp_path, web_yaml=NEWER)

    assert done == {"web.yaml": "merged"}
    assert remarks == ["'DIR/web.yaml' is written anew: comments in it are lost"]
    assert tree(tmp_path) == {"web.yaml": "kind: Deployment\nspec:\n  image: b\n  replicas: 3\n"}


def test_documents_that_somebody_added_stay(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)
    write(tmp_path, {"web.yaml": f"{WEB}---\nkind: Service\n"})

    generate(tmp_path, web_yaml=NEWER)

    assert tree(tmp_path) == {"web.yaml": f"{NEWER}---\nkind: Service\n"}


def test_a_field_that_both_changed_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB, other_yaml="a: 1\n")
    write(tmp_path, {"web.yaml": WEB.replace("image: a", "image: mine").replace("kind: Deployment\n", "")})
    before = {**tree(tmp_path), STATE: (tmp_path / STATE).read_text()}
    changed = NEWER.replace("Deployment", "StatefulSet")

    with fails(
        f"'{tmp_path}/web.yaml': spec.image was changed there, and also in what is generated, and 1 more "
        "[both-changed]\n"
        '  web.yaml: spec.image is "mine" there and "b" now, and was "a"\n'
        '  web.yaml: kind is nothing there and "StatefulSet" now, and was "Deployment"\n'
        "  hint: write the new value there; what is to differ goes into an overlay or other values"
    ):
        generate(tmp_path, other_yaml="a: 2\n", web_yaml=changed)
    assert {**tree(tmp_path), STATE: (tmp_path / STATE).read_text()} == before

    write(tmp_path, {"web.yaml": changed})
    assert generate(tmp_path, web_yaml=changed)[0]["web.yaml"] == "unchanged"


def test_what_somebody_removed_stays_removed_until_it_is_put_back(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB, other_yaml="a: 1\n")
    (tmp_path / "web.yaml").unlink()

    assert kept.removed(tmp_path) == {"web.yaml"}
    for text in (WEB, NEWER):
        assert generate(tmp_path, web_yaml=text, other_yaml="a: 1\n")[0]["web.yaml"] == "left out"
    assert list(tree(tmp_path)) == ["other.yaml"]
    write(tmp_path, {"web.yaml": WEB})
    assert generate(tmp_path, web_yaml=NEWER, other_yaml="a: 1\n")[0]["web.yaml"] == "updated"


def test_what_is_no_longer_generated_goes_unless_somebody_changed_it(tmp_path: Path) -> None:
    generate(tmp_path, a_yaml="a: 1\n", b_yaml="b: 1\n", c_yaml="c: 1\n", d_yaml="d: 1\n")
    write(tmp_path, {"b.yaml": "b: 2\n"})
    (tmp_path / "d.yaml").unlink()

    done, remarks = generate(tmp_path, c_yaml="c: 1\n")

    assert done == {"c.yaml": "unchanged", "a.yaml": "removed"}
    assert remarks == ["'DIR/b.yaml' was changed there, and is of no more use: remove it"]
    assert tree(tmp_path) == {"b.yaml": "b: 2\n", "c.yaml": "c: 1\n"}
    assert generate(tmp_path, b_yaml="b: 1\n", c_yaml="c: 1\n")[0]["b.yaml"] == "kept"


def test_some_files_are_the_persons_from_the_first_change_on(tmp_path: Path) -> None:
    own, later = Generated("a: 1\n", once=True), Generated("a: 2\n", once=True)
    assert generate(tmp_path, own_yaml=own)[0] == {"own.yaml": "written"}
    assert generate(tmp_path, own_yaml=later)[0] == {"own.yaml": "updated"}
    (tmp_path / "own.yaml").write_text("a: mine\n")
    assert generate(tmp_path, own_yaml=own)[0] == {"own.yaml": "kept"}
    assert tree(tmp_path) == {"own.yaml": "a: mine\n"}
    assert generate(tmp_path)[1] == [
        "'DIR/own.yaml' was changed there, and is of no more use: remove it and what names it in the "
        "kustomization.yaml beside it"
    ]
    (tmp_path / "own.yaml").unlink()
    assert generate(tmp_path, own_yaml=own)[0] == {"own.yaml": "left out"}


def test_one_that_was_there_first_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"own.yaml": "mine: 1\n"})

    with fails(
        f"'{tmp_path}/own.yaml' is there already, and was not written by k8s-deploy [not-ours]\n"
        "  hint: choose another directory, or move it away"
    ):
        kept.plan(tmp_path, {"own.yaml": Generated("a: 1\n")})
    assert generate(tmp_path, own_yaml=Generated("a: 1\n", once=True))[0] == {"own.yaml": "kept"}
    assert tree(tmp_path) == {"own.yaml": "mine: 1\n"}


def test_a_secret_is_for_its_owner_only_and_is_not_remembered(tmp_path: Path) -> None:
    generate(tmp_path, s_yaml=Generated("data: hush\n", secret=True))

    assert (tmp_path / "s.yaml").stat().st_mode & 0o777 == 0o600
    assert "hush" not in (tmp_path / STATE).read_text()
    write(tmp_path, {"s.yaml": "data: mine\n"})
    assert generate(tmp_path, s_yaml=Generated("data: hush\n", secret=True))[0] == {"s.yaml": "kept"}
    with fails(
        f"'{tmp_path}/s.yaml': all of it was changed there, and also in what is generated [both-changed]\n"
        "  s.yaml: all of it\n"
        "  hint: write the new value there; what is to differ goes into an overlay or other values"
    ):
        generate(tmp_path, s_yaml=Generated("data: other\n", secret=True))


TEMPLATE = (
    "spec:\n  {{- if .Values.n }}\n  n: {{ .Values.n }}\n  {{- end }}\n"
    '  image: "{{ .Values.image }}"\n  a: 1\n'
)


def test_templates_come_together_by_their_lines(tmp_path: Path) -> None:
    generate(tmp_path, t_yaml=Generated(TEMPLATE, template=True))
    own = TEMPLATE.replace("  {{- end", "  # mine\n  {{- end")
    write(tmp_path, {"t.yaml": own})

    assert generate(tmp_path, t_yaml=Generated(TEMPLATE.replace("a: 1", "a: 2"), template=True))[0] == {
        "t.yaml": "merged"
    }
    assert tree(tmp_path) == {"t.yaml": own.replace("a: 1", "a: 2")}


@pytest.mark.parametrize(
    ("own", "field", "told"),
    [
        (TEMPLATE.replace("a: 1", "a: 3"), "spec.a", " is 3 there and 2 now, and was 1"),
        (TEMPLATE.replace("a: 1", "{{ include \"x\" . }}"), "a line", ""),
        ("spec: {a: 1, image: x}\n", "a line", ""),
    ],
)  # fmt: skip
def test_a_template_is_never_written_anew(tmp_path: Path, own: str, field: str, told: str) -> None:
    generate(tmp_path, t_yaml=Generated(TEMPLATE, template=True))
    write(tmp_path, {"t.yaml": own})

    with fails(
        f"'{tmp_path}/t.yaml': {field} was changed there, and also in what is generated [both-changed]\n"
        f"  t.yaml: {field}{told}\n"
        "  hint: write the new value there; what is to differ goes into an overlay or other values"
    ):
        generate(tmp_path, t_yaml=Generated(TEMPLATE.replace("a: 1", "a: 2"), template=True))


def test_a_file_that_is_no_yaml_any_more_is_told_with_its_place(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)
    write(tmp_path, {"web.yaml": "a: [\n"})

    place = f"{tmp_path}/web.yaml:2:1"
    with fails(
        f"{place}: expected the node content, but found '<stream end>' [bad-yaml]\n  hint: correct it there"
    ):
        generate(tmp_path, web_yaml=NEWER)


@pytest.mark.parametrize(
    ("text", "why"), [("{", "Expecting property name"), ('{"files": {"a": 1}}', "'int' object")]
)
def test_what_is_remembered_has_to_be_readable(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, {STATE: text})

    with pytest.raises(SdkError) as caught:
        kept.plan(tmp_path, {})
    assert caught.value.what == f"'{tmp_path / STATE}' can't be read"
    assert caught.value.detail.startswith(why)
    assert caught.value.hint == "fetch it from version control, or choose another directory"


def test_what_is_remembered_can_be_read_in_a_comparison(tmp_path: Path) -> None:
    generate(tmp_path, web_yaml=WEB)

    found = json.loads((tmp_path / STATE).read_text())
    assert found["version"] == 1
    assert found["files"]["web.yaml"]["lines"] == WEB.splitlines(keepends=True)
    assert (tmp_path / STATE).read_text().count("\n") > 8


def test_when_one_file_can_not_be_written_none_is(tmp_path: Path) -> None:
    write(tmp_path, {"a": "old", "b": "old", "d/": ""})
    changes = [("a", b"new"), ("b", None), ("new/c", b"new"), ("d", b"new")]

    with fails(f"can't write '{tmp_path}' [unwritable]\n  {tmp_path}/d: Is a directory"):
        filechanges.write(tmp_path, changes, ())

    assert tree(tmp_path) == {"a": "old", "b": "old"}
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "d"]


def test_an_interrupted_run_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a": "old"})
    real, seen = os.replace, []

    def interrupted(source: Path, target: Path) -> None:
        seen.append(target)
        if len(seen) == 2:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        filechanges.write(tmp_path, [("a", b"new"), ("new/b", b"new")], ())

    assert tree(tmp_path) == {"a": "old"}
    assert os.listdir(tmp_path) == ["a"]


@root_only
def test_a_directory_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o755)
    os.chmod(tmp_path, 0o755)
    with as_nobody(), pytest.raises(SdkError) as caught:
        filechanges.write(place, [("a", b"new")], ())

    assert (caught.value.what, caught.value.code) == (f"can't write '{place}'", "unwritable")
