"""registry.py: plugins of strangers, which may do anything while they are loaded."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sdk_hooks.core import registry
from sdk_hooks.core.registry import Plugins

from .helpers import fails

GOOD = """
from sdk_hooks import hookimpl
class One:
    name, summary = "{name}", "a runtime"
@hookimpl
def sdk_runtimes():
    return [One()]
"""


class Stranger:
    """Makes plugin modules and their entry points."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.points: list[EntryPoint] = []

    def add(self, entry: str, code: str, attribute: str = "") -> None:
        module = f"stranger_{len(self.points)}_{self.top.name.replace('-', '_')}"
        (self.top / f"{module}.py").write_text(code)
        self.points.append(EntryPoint(entry, module + attribute, "sdk_hooks"))

    def load(self) -> Plugins:
        return registry.load(self.points)

    def problem(self) -> str:
        (entry,) = self.load().entries
        return entry.problem.replace(self.points[0].module, "MODULE")


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Stranger(tmp_path)


def test_a_good_plugin_is_found_by_the_name_of_its_member(stranger: Stranger) -> None:
    stranger.add("runtime.own", GOOD.format(name="own"))

    plugins = stranger.load()

    assert plugins.runtime("own").summary == "a runtime"
    (entry,) = plugins.entries
    assert (entry.name, entry.distribution, entry.problem, entry.hooks) == (
        "runtime.own",
        "unknown",
        "",
        ("sdk_runtimes",),
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing' (MODULE.py:1)"),
        ("\nraise SystemExit('bye')", "SystemExit: bye (MODULE.py:2)"),
        ("1/0", "ZeroDivisionError: division by zero (MODULE.py:1)"),
        ("raise ValueError('two\\nlines')", "ValueError: two (MODULE.py:1)"),
        (
            GOOD.replace("sdk_runtimes", "sdk_runtime"),
            "RuntimeError: there is no hook 'sdk_runtime', did you mean 'sdk_runtimes'? (registry.py)",
        ),
        (
            "SDK_HOOKS_API = 99\n" + GOOD,
            "RuntimeError: it is written for plugin API 99, this is API 1: "
            "upgrade devtool-containers (registry.py)",
        ),
        (
            GOOD.replace("return [One()]", "return None"),
            "TypeError: 'NoneType' object is not iterable (registry.py)",
        ),
        (
            GOOD.replace("return [One()]", "return [5]"),
            "TypeError: sdk_runtimes gave 5, which has no name (registry.py)",
        ),
        (GOOD.replace("return [One()]", "raise OSError('disk')"), "OSError: disk (MODULE.py:7)"),
    ],
)  # fmt: skip
def test_a_broken_plugin_is_kept_apart_with_the_reason(stranger: Stranger, code: str, problem: str) -> None:
    import re

    stranger.add("runtime.own", code)

    assert re.sub(r"registry\.py:\d+", "registry.py", stranger.problem()) == problem
    assert stranger.load().family("runtime") == {}


def test_a_hook_with_arguments_that_it_does_not_have_is_broken(stranger: Stranger) -> None:
    stranger.add("runtime.own", GOOD.replace("sdk_runtimes()", "sdk_runtimes(colour)"))

    assert stranger.problem().startswith(
        "PluginValidationError: Argument(s) {'colour'} are declared in the hookimpl but can not be found"
    )
    assert stranger.load().family("runtime") == {}


def test_an_entry_point_that_is_no_module_is_broken(stranger: Stranger) -> None:
    stranger.add("runtime.own", GOOD.format(name="own"), ":One")

    assert stranger.problem().startswith("TypeError: entry point 'MODULE:One' is not a module (registry.py:")


def test_a_plugin_of_an_older_api_is_good(stranger: Stranger) -> None:
    stranger.add("runtime.own", "SDK_HOOKS_API = 1\n" + GOOD.format(name="own"))

    assert stranger.problem() == ""


def test_a_broken_plugin_is_an_error_for_who_asks_for_it(stranger: Stranger) -> None:
    stranger.add("runtime.own", "1/0")
    stranger.add("runtime.other", GOOD.format(name="other"))

    with fails(
        "no runtime is named 'own' [unknown-plugin]\n"
        "  plugin 'runtime.own' of unknown is not usable: "
        f"ZeroDivisionError: division by zero ({stranger.points[0].module}.py:1)"
    ):
        stranger.load().runtime("own")


def test_an_unknown_name_is_answered_with_the_known_ones(stranger: Stranger) -> None:
    stranger.add("runtime.b", GOOD.format(name="crun"))
    stranger.add("runtime.a", GOOD.format(name="runc"))

    with fails(
        "no runtime is named 'cruns' [unknown-plugin]\n  known: crun, runc\n  hint: did you mean 'crun'?"
    ):
        stranger.load().runtime("cruns")
    with fails("no stack is named 'x' [unknown-plugin]\n  known: none"):
        stranger.load().stack("x")


def test_members_come_in_the_order_of_their_names(stranger: Stranger) -> None:
    for entry, name in (("runtime.a", "z"), ("runtime.b", "a"), ("runtime.c", "m")):
        stranger.add(entry, GOOD.format(name=name))

    plugins = stranger.load()

    assert list(plugins.family("runtime")) == ["a", "m", "z"]
    assert [entry.name for entry in plugins.entries] == ["runtime.a", "runtime.b", "runtime.c"]


def test_a_name_that_two_plugins_claim_is_nobodys(stranger: Stranger) -> None:
    stranger.add("runtime.a", GOOD.format(name="own"))
    stranger.add("runtime.b", GOOD.format(name="own"))
    stranger.add("runtime.c", GOOD.format(name="other"))
    modules = [point.module for point in stranger.points[:2]]

    plugins = stranger.load()

    assert list(plugins.family("runtime")) == ["other"]
    assert plugins.conflicts() == {("runtime", "own"): modules}
    with fails(
        "several plugins provide the runtime 'own' [plugin-conflict]\n"
        f"  in modules: {', '.join(modules)}\n"
        "  hint: uninstall all but one of them"
    ):
        plugins.runtime("own")


def test_a_second_entry_point_of_one_name_does_not_take_the_first_one_down(stranger: Stranger) -> None:
    stranger.add("runtime.own", GOOD.format(name="first"))
    stranger.add("runtime.own", GOOD.format(name="second"))

    plugins = stranger.load()

    assert list(plugins.family("runtime")) == ["first"]
    first, second = plugins.entries
    assert first.problem == ""
    assert second.problem.startswith("RuntimeError: another entry point has the name 'runtime.own' (")


@pytest.mark.parametrize("error", ["SystemExit('x')", "ValueError('x')"])
def test_strict_loading_raises(stranger: Stranger, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    monkeypatch.setenv("SDK_STRICT_PLUGINS", "1")
    stranger.add("runtime.own", f"raise {error}")

    with pytest.raises((SystemExit, ValueError), match="x"):
        stranger.load()


def test_ctrl_c_is_never_held_back(stranger: Stranger) -> None:
    stranger.add("runtime.own", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        stranger.load()


LISTENER = """
from sdk_hooks import hookimpl
seen = []
@hookimpl
def sdk_image_built(image):
    seen.append(image)
    {}
"""


def test_listeners_that_fail_are_warnings_and_the_others_hear_it(stranger: Stranger) -> None:
    stranger.add("a", LISTENER.format("raise OSError('disk full')"))
    stranger.add("b", LISTENER.format("pass"))

    warnings = stranger.load().announce("sdk_image_built", image=5, previous=None)

    assert warnings == ["plugin 'a' failed in sdk_image_built: disk full"]
    assert [sys.modules[point.module].seen for point in stranger.points] == [[5], [5]]


def test_our_own_plugins_all_load() -> None:
    points = registry.entry_points(group="sdk_hooks")

    plugins = registry.load(p for p in points if p.dist and p.dist.name == "devtool-containers")

    assert {entry.name: entry.problem for entry in plugins.entries if entry.problem} == {}
    assert plugins.conflicts() == {}
    assert {"crun", "runc"} <= plugins.family("runtime").keys()
