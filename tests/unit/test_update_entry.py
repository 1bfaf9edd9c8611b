"""devtool's own sdk-update with our options, whoever registers first."""

from __future__ import annotations

import argparse
import types

import pytest

from devtool_plugins import entry


class Subparsers:
    """As argparse_oe's."""

    def __init__(self) -> None:
        self.action = argparse.ArgumentParser().add_subparsers()
        self.choices = self.action.choices

    def add_subparser_group(self, *_: object) -> None:
        pass

    def add_parser(self, name: str, group: str = "", **options: str) -> argparse.ArgumentParser:
        assert name not in self.choices
        return self.action.add_parser(name, **options)  # type: ignore[no-any-return]


def stock(subparsers: Subparsers, _: object) -> None:
    parser = subparsers.add_parser("sdk-update", description="theirs")
    parser.add_argument("updateserver")
    parser.add_argument("--skip-prepare", action="store_true")
    parser.set_defaults(func=stock)


@pytest.mark.parametrize("first", ["stock", "ours"])
def test_devtool_s_own_command_is_extended_whoever_comes_first(first: str) -> None:
    own = types.SimpleNamespace(__name__="sdk", register_commands=stock)
    subparsers, context = Subparsers(), types.SimpleNamespace(fixed_setup=True)
    if first == "stock":
        own.register_commands(subparsers, context)
    entry.register(subparsers, context, [own])
    if first == "ours":
        assert "sdk-update" not in subparsers.choices
        own.register_commands(subparsers, context)

    args = subparsers.choices["sdk-update"].parse_args(["--check", "--skip-prepare"])
    assert (args.updateserver, args.check, args.skip_prepare, args.stock) == (None, True, True, stock)
    assert args.func is not stock


def test_in_a_build_directory_it_is_our_own() -> None:
    subparsers = Subparsers()
    entry.register(subparsers, types.SimpleNamespace(fixed_setup=False), [])
    args = subparsers.choices["sdk-update"].parse_args([])
    assert (args.updateserver, hasattr(args, "stock")) == ("", False)


def test_what_is_broken_in_ours_does_not_break_devtool_s(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = types.SimpleNamespace(__name__="sdk", register_commands=stock)
    subparsers, context = Subparsers(), types.SimpleNamespace(fixed_setup=True)
    entry.register(subparsers, context, [own])
    monkeypatch.setattr(entry.sdk_update, "extend", lambda _: 1 / 0)
    own.register_commands(subparsers, context)

    assert subparsers.choices["sdk-update"].get_default("func") is stock
    assert caplog.messages == ["sdk-update does not know of containers: division by zero"]
