"""Base images out of the packages that a real eSDK has built, alone and below a recipe."""

from __future__ import annotations

import json

from sdk_hooks.core.bom import record
from sdk_hooks.image import Image

from .sdk import Sdk
from .test_build import content, files, run

PACKAGES = "base-files base-passwd busybox netbase"


def config(image: Image) -> dict[str, object]:
    found: dict[str, object] = json.loads(image.blob(image.config_descriptor).read_bytes())["config"]
    return found


def test_small_is_made_of_what_the_sdk_has_built(sdk: Sdk) -> None:
    sdk.bitbake(f"bitbake {PACKAGES}")
    image, told = sdk.build("tiny", "--base-image", "small", "--package-database")

    assert "no recipe tiny is in your workspace: it is the base image alone\n" in told
    found = record.load(image)
    assert found
    assert set(PACKAGES.split()) <= {each.name for each in found.components}
    assert all("/tmp/deploy/" in each.feed for each in found.components)
    assert {"bin/sh", "etc/services"} <= set(files(image))
    assert config(image)["Cmd"] == ["/bin/sh"]
    # a package that leaves root without a password does not leave an image so
    assert "root:x:0:0:" in content(image, "etc/passwd")
    assert run(image, "--cmd", "/bin/sh -c 'id -u; ls /etc/services'") == "0\n/etc/services\n"


def test_a_recipe_lies_on_it_without_what_it_has(sdk: Sdk) -> None:
    sdk.bitbake(f"bitbake {PACKAGES}")
    alone, _ = sdk.build("tiny", "--base-image", "small")
    sdk.modify("greet")
    image, _ = sdk.build("greet", "--base-image", "small")

    assert image.diff_ids[: len(alone.diff_ids)] == alone.diff_ids
    own = sum(layer.size for layer in image.layers[len(alone.layers) :])
    assert own < 300_000  # no second C library
    assert config(image)["Entrypoint"] == ["/usr/bin/greet"]
    assert "hello" in run(image).lower()
