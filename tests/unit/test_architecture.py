"""Who may import whom, how large things may grow, and what every hook has to say of itself."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pluggy
import pytest

from sdk_hooks import spec
from sdk_hooks.core.registry import load

ROOT = Path(__file__).parent.parent.parent
SDK = {"bb", "oe", "devtool"}
LIBRARY = ("sdk_hooks", "devtool_plugins", "plugins")
FUNCTION_LINES, MODULE_LINES = 60, 300


def modules(top: str) -> list[Path]:
    return sorted((ROOT / top).rglob("*.py"))


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a file, gone through once: the tests ask for it two dozen times."""
    return tuple(ast.walk(parse(path)))


@functools.cache
def imports(path: Path) -> tuple[tuple[str, ast.Import | ast.ImportFrom], ...]:
    """Full names of what is imported, `from a import b` as a.b where b is a module."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, ast.Import | ast.ImportFrom]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level] if node.level else ()
            module = ".".join((*package, *filter(None, [node.module])))
            for alias in node.names:
                inner = ROOT / module.replace(".", "/") / alias.name
                is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
                name = f"{module}.{alias.name}" if is_module else module
                yield re.sub(r"^plugins\b", "sdk_plugins", name) if node.level else name, node


def wrong(top: str, allowed: Callable[[str], bool]) -> list[str]:
    """Imports below *top* that are not *allowed*."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(top)
        for name, _ in imports(path)
        if not allowed(name)
    ]


def below(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_plugins_import_nothing_of_ours_but_the_public_modules() -> None:
    private = ("sdk_hooks.core", "devtool_plugins", "plugins", *SDK)

    assert wrong("plugins", lambda name: not below(name, *private)) == []


def test_a_plugin_imports_no_plugin_of_another_family() -> None:
    for path in modules("plugins"):
        own = ".".join(("sdk_plugins", *path.relative_to(ROOT / "plugins").parts[:1]))
        assert [n for n, _ in imports(path) if below(n, "sdk_plugins") and not below(n, own)] == [], path


@pytest.mark.parametrize("top", ["sdk_hooks", "devtool_plugins"])
def test_nothing_imports_plugins(top: str) -> None:
    assert wrong(top, lambda name: not below(name, "plugins", "sdk_plugins")) == []


def test_nobody_imports_the_copy_of_the_plugins_that_a_checkout_shows() -> None:
    tops = (*LIBRARY, "tests", "benchmarks")
    assert [line for top in tops for line in wrong(top, lambda name: not below(name, "plugins"))] == []


def test_the_core_does_not_know_the_commands() -> None:
    assert wrong("sdk_hooks", lambda name: not below(name, "devtool_plugins")) == []


def test_only_functions_of_the_modules_that_talk_to_the_sdk_import_it() -> None:
    """And the door through which devtool comes in."""
    for path in (path for top in LIBRARY for path in modules(top)):
        found = {node.lineno for name, node in imports(path) if below(name, *SDK)}
        if path.match("sdk_hooks/core/sdk/*.py") or path == ROOT / "devtool_plugins" / "entry.py":
            spans = [(f.lineno, f.end_lineno or 0) for f in functions(path)]
            found = {line for line in found if not any(start < line <= end for start, end in spans)}
        assert not found, f"{path} imports the SDK in lines {found}"


def test_public_modules_are_all_that_plugins_need() -> None:
    import sdk_hooks

    assert sorted(sdk_hooks.__all__) == sdk_hooks.__all__
    assert all(hasattr(sdk_hooks, name) for name in sdk_hooks.__all__)


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in nodes(path) if isinstance(node, ast.FunctionDef))


def test_no_function_is_longer_than_sixty_lines_and_no_module_than_three_hundred() -> None:
    long = []
    for path in (path for top in (*LIBRARY, "tests") for path in modules(top)):
        name, text = path.relative_to(ROOT), path.read_text()
        if text.count("\n") > MODULE_LINES:
            long.append(f"{name}: {text.count(chr(10))} lines")
        for function in functions(path):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > FUNCTION_LINES:
                long.append(f"{name}:{function.lineno} {function.name}: {lines} lines")

    assert long == []


@functools.cache
def _explains(path: Path) -> set[ast.AST]:
    """The texts in *path* that people read and nothing acts upon: docstrings, and the help of commands."""
    return {
        node.value
        for node in nodes(path)
        if isinstance(node, ast.Expr)
        or (isinstance(node, ast.keyword) and node.arg == "help")
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("HELP", "DESCRIPTION"))
    }


def _named(pattern: re.Pattern[str], path: Path) -> Iterator[str]:
    """Where *path* has a text or a command that *pattern* is found in."""
    if path.suffix == ".py":
        explains = _explains(path)
        texts = [node for node in nodes(path) if isinstance(node, ast.Constant) and node not in explains]
        lines = [(node.lineno, node.value) for node in texts if isinstance(node.value, str)]
    else:
        lines = [(n, line.partition("#")[0]) for n, line in enumerate(path.read_text().splitlines(), 1)]
    for number, text in lines:
        if match := pattern.search(text):
            yield f"{path.relative_to(ROOT)}:{number} {match[0]}"


def test_no_engine_or_runtime_is_known_by_its_name_outside_of_the_plugins() -> None:
    """Names of formats such as docker-archive and io.containerd.image.name, and hosts, are not theirs."""
    plugins = load()
    stacks = [member for _, member in plugins.stacks().items() if member.name != "none"]  # it is a word, too
    names = {*(s.name for s in stacks), *(p for s in stacks for p in s.programs), *plugins.family("runtime")}
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(sorted(names))})(?![\w-]|://|\.io\b)")
    paths = [path for top in ("sdk_hooks", "devtool_plugins") for path in sorted((ROOT / top).rglob("*"))]

    assert len(names) >= 7
    assert [
        place for path in paths if path.suffix in (".py", ".sh", ".in") for place in _named(pattern, path)
    ] == []


def test_no_cluster_is_known_by_its_name_outside_of_the_plugins() -> None:
    """But the name of the command, and of our own package, is also that of one of them."""
    clusters = load().family("cluster")
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(sorted(clusters))})(?![\w.-]|://)")
    paths = [path for top in ("sdk_hooks", "devtool_plugins") for path in sorted((ROOT / top).rglob("*"))]

    assert len(clusters) >= 3
    assert [
        place for path in paths if path.suffix in (".py", ".sh", ".in") for place in _named(pattern, path)
    ] == []


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    for path in (path for top in (*LIBRARY, "tests") for path in modules(top)):
        first = (ast.get_docstring(parse(path)) or "").split("\n\n")[0]
        assert first, f"{path} has no docstring"
        assert first.endswith((".", "?", ":")), f"{path}: {first!r}"


def _calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in nodes(path) if isinstance(node, ast.Call))


def test_no_command_goes_through_a_shell_of_this_machine() -> None:
    for path in (path for top in LIBRARY for path in modules(top)):
        for call in _calls(path):
            assert not [word for word in call.keywords if word.arg == "shell"], path
            assert ast.unparse(call.func) not in ("os.system", "os.popen"), path


def test_nothing_but_the_entry_point_ends_the_program() -> None:
    ending = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in (path for top in LIBRARY for path in modules(top))
        for call in _calls(path)
        if ast.unparse(call.func) in ("sys.exit", "exit", "quit", "os._exit")
        and path != ROOT / "devtool_plugins" / "__main__.py"
    ]

    assert ending == []


HOOKS = {
    name: hook for name, hook in vars(spec).items() if name.startswith("sdk_") and inspect.isfunction(hook)
}


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_hook_says_what_it_is_called_for_with_what_and_what_it_may_answer(name: str) -> None:
    doc = inspect.getdoc(HOOKS[name]) or ""
    parameters = list(inspect.signature(HOOKS[name]).parameters)

    assert re.findall(r":param (\w+):", doc) == parameters
    assert (":returns:" in doc) or inspect.signature(HOOKS[name]).return_annotation == "None"
    assert re.search(r"^Added in API \d+\. In this tree: \S+\.py\.$", doc, re.MULTILINE), doc
    assert "Called" in doc or "called" in doc or "The first answer" in doc


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_the_plugin_that_a_hook_names_implements_it(name: str) -> None:
    path = re.search(r"In this tree: (\S+\.py)\.", inspect.getdoc(HOOKS[name]) or "")
    assert path is not None
    decorated = {
        function.name: [ast.unparse(decorator) for decorator in function.decorator_list]
        for function in functions(ROOT / path[1])
    }

    assert any("hookimpl" in decorator for decorator in decorated.get(name, [])), f"{path[1]} lacks {name}"


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_is_used_by_a_plugin_of_this_tree(name: str) -> None:
    loaded = load()
    ours = [entry for entry in loaded.entries if entry.distribution == "devtool-containers"]

    assert any(name in entry.hooks for entry in ours)


def test_the_kind_of_a_hook_is_told_by_its_name() -> None:
    manager = pluggy.PluginManager("sdk_hooks")
    manager.add_hookspecs(spec)
    for name in HOOKS:
        options = getattr(manager.hook, name).spec.opts
        chooses = name.startswith("sdk_choose_")
        announces = bool(re.fullmatch(r"sdk_[a-z]+_(built|started|finished|deployed|removed|updated)", name))
        assert chooses == bool(options["firstresult"]), name
        assert chooses or announces or name.endswith("s"), name


def test_every_package_is_installed() -> None:
    """What is not in this list is there in a checkout, and missing from what pip installs."""
    listed = (ROOT / "pyproject.toml").read_text().partition("\npackages = [")[2].partition("]")[0]
    said = re.findall(r'"([^"]+)"', listed)
    there = [path.parent.relative_to(ROOT) for top in LIBRARY for path in (ROOT / top).rglob("__init__.py")]
    names = (re.sub(r"^plugins\b", "sdk_plugins", ".".join(path.parts)) for path in there)
    assert sorted(said) == sorted(names)
