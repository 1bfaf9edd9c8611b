"""Builds containers with a real eSDK: what is in them, what an edit changes, what others can do with them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core.bom.places import beside
from sdk_hooks.core.files.elf import read as read_elf
from sdk_hooks.image import Image

from .sdk import Sdk


def files(image: Image) -> dict[str, tarfile.TarInfo]:
    """What all layers together show."""
    found = {}
    for layer in image.layers:
        with tarfile.open(image.blob(layer), "r:") as archive:
            found.update({member.name: member for member in archive})
    return found


def content(image: Image, path: str) -> str:
    for layer in reversed(image.layers):
        with tarfile.open(image.blob(layer), "r:") as archive:
            if path in archive.getnames():
                stream = archive.extractfile(path)
                return stream.read().decode() if stream else ""
    raise KeyError(path)


def owner(member: tarfile.TarInfo) -> tuple[str, int, int]:
    return oct(member.mode & 0o7777), member.uid, member.gid


def run(image: Image, *options: str) -> str:
    """What the container prints, with a raw runtime that works here."""
    problem = "neither runc nor crun is installed"
    for runtime in filter(shutil.which, ("runc", "crun")):
        argv = (sys.executable, "-m", "devtool_plugins", "-q", "container-run", str(image.layout), *options)
        argv = (*argv, "--stack", "none", "--runtime", runtime)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            return done.stdout
        problem = f"{runtime} can't run a container here: {done.stderr.strip()}"
    pytest.skip(problem)


@pytest.fixture(scope="module")
def greet(sdk: Sdk) -> Image:
    sdk.modify("greet")
    return sdk.build("greet")[0]


@pytest.fixture(scope="module")
def service(sdk: Sdk) -> Image:
    sdk.modify("case-service")
    return sdk.build("case-service")[0]


def test_program_with_its_own_library(sdk: Sdk, greet: Image) -> None:
    found = files(greet)
    assert greet.name == "localhost/greet:latest"
    assert {"usr/bin/greet", "usr/lib/libgreeting.so.1"} <= found.keys()
    assert owner(found["usr/bin/greet"]) == ("0o755", 0, 0)
    assert greet.config["config"]["Entrypoint"] == ["/usr/bin/greet"]
    assert "libgreeting1 1.0-r0" in str(greet.config["history"][-1])


def test_program_is_for_the_platform_that_the_image_names(greet: Image, tmp_path: Path) -> None:
    with tarfile.open(greet.blob(greet.layers[-1]), "r:") as archive:
        archive.extract("usr/bin/greet", tmp_path)
    elf = read_elf(str(tmp_path / "usr/bin/greet"))
    assert elf is not None
    assert greet.platform.runs(elf.platform)
    print(greet.platform)


def test_documents_tell_its_packages_and_the_revision_of_its_sources(sdk: Sdk, greet: Image) -> None:
    spdx = json.loads(beside(greet.layout, ".spdx.json").read_bytes())
    provenance = json.loads(beside(greet.layout, ".provenance.json").read_bytes())

    packages = {each["name"]: each for each in spdx["packages"]}
    assert packages["greet"]["licenseDeclared"] == "MIT"
    assert [each["referenceLocator"] for each in packages["libgreeting1"]["externalRefs"]][1] == (
        "pkg:yocto/greet@1.0"
    )
    definition = provenance["predicate"]["buildDefinition"]
    sources = sdk.path / "workspace/sources/greet"
    git = ("git", "-c", "safe.directory=*", "-C", str(sources), "rev-parse", "HEAD")
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    assert definition["externalParameters"]["source"] == "recipe"
    assert definition["resolvedDependencies"][0] == {"name": "greet", "digest": {"gitCommit": commit}}
    assert str(sdk.path) not in json.dumps([spdx, provenance])


def test_program_runs(greet: Image) -> None:
    assert run(greet, "--cmd", "you") == "hello, you\n"


def test_script_with_another_recipe(sdk: Sdk) -> None:
    sdk.modify("shell-report")
    image, _ = sdk.build("shell-report")
    found = files(image)
    assert {"usr/bin/shell-report", "usr/bin/greet", "usr/lib/libgreeting.so.1", "bin/sh"} <= found.keys()
    assert run(image).startswith("hello, team\n")


def test_service_with_configuration(sdk: Sdk) -> None:
    sdk.modify("hello-http")
    image, _ = sdk.build("hello-http")
    assert content(image, "etc/hello-http.conf") == "greeting = hello from a container\n"
    assert list(image.config["config"]["ExposedPorts"]) == ["8080/tcp"]


def test_the_same_again_is_the_same(sdk: Sdk, greet: Image) -> None:
    again, told = sdk.build("greet")
    assert again.digest == greet.digest
    assert "dependencies are unchanged: only the top layer is made again" in told
    # with B = S BitBake compiles once more after a build: the objects are new files of the sources
    assert told.count(" written ") <= 1


def test_an_edit_changes_the_top_layer_only(sdk: Sdk, greet: Image) -> None:
    sdk.edit("greet", "greeting.c", lambda text: text.replace("hello", "welcome"))
    before = list(greet.layers)
    edited, told = sdk.build("greet")
    assert "hello" not in edited.blob(edited.layers[-1]).read_text(errors="replace")
    sdk.edit("greet", "greeting.c", lambda text: text.replace("welcome", "hello"))
    back, _ = sdk.build("greet")

    assert list(edited.layers)[:-1] == before[:-1]
    assert edited.layers[-1] != before[-1]
    assert told.count(" written ") == 1
    assert back.digest == greet.digest


def test_a_renamed_file_is_gone(sdk: Sdk, greet: Image) -> None:
    plain, renamed = "install -m 0755 greet $(DESTDIR)$(prefix)/bin/", "/bin/salute"
    sdk.edit("greet", "Makefile", lambda text: text.replace(plain, plain.replace("/bin/", renamed)))
    found = files(sdk.build("greet", "--entrypoint", "/usr/bin/salute")[0])
    sdk.edit("greet", "Makefile", lambda text: text.replace(renamed, "/bin/"))
    back, _ = sdk.build("greet")

    assert "usr/bin/salute" in found
    assert "usr/bin/greet" not in found
    assert back.digest == greet.digest


def test_users_owners_modes_and_scripts(service: Image) -> None:
    found = files(service)
    assert re.search(r"^caser:[^:]*:871:870:", content(service, "etc/passwd"), re.MULTILINE)
    assert re.search(r"^casers:[^:]*:870:", content(service, "etc/group"), re.MULTILINE)
    assert owner(found["var/lib/case"]) == ("0o750", 871, 870)
    assert owner(found["var/lib/case/case.conf"]) == ("0o640", 871, 870)
    assert owner(found["usr/bin/case-suid"]) == ("0o4755", 0, 0)
    assert content(service, "etc/case.made") == "greeting = one\n"


def test_a_script_sees_the_edited_file(sdk: Sdk, service: Image) -> None:
    sdk.edit("case-service", "case.conf", lambda text: text.replace("one", "two"))
    made = content(sdk.build("case-service")[0], "etc/case.made")
    sdk.edit("case-service", "case.conf", lambda text: text.replace("two", "one"))
    back, _ = sdk.build("case-service")

    assert made == "greeting = two\n"
    assert back.digest == service.digest


def test_variables_of_the_recipe(sdk: Sdk, service: Image) -> None:
    said = service.config["config"]
    assert service.name == "localhost/case-service:1.0"
    assert (said["Entrypoint"], said["Cmd"]) == (["/usr/bin/case-service"], ["--from", "recipe"])
    assert said["WorkingDir"] == "/tmp"
    assert {"FROM=recipe", "LEFT=alone"} <= set(said["Env"])


def test_container_yaml_wins_over_the_recipe_and_options_over_both(sdk: Sdk, service: Image) -> None:
    path = sdk.sources("case-service") / "container.yaml"
    path.write_text("tag: '2.0'\nworkdir: /var\nenv: {FROM: yaml}\n")
    by_file, _ = sdk.build("case-service")
    by_option, _ = sdk.build("case-service", "--workdir", "/home", "--env", "FROM=option")
    path.unlink()

    assert by_file.name == "localhost/case-service:2.0"
    assert by_file.config["config"]["WorkingDir"] == "/var"
    assert {"FROM=yaml", "LEFT=alone"} <= set(by_file.config["config"]["Env"])
    assert by_option.config["config"]["WorkingDir"] == "/home"
    assert {"FROM=option", "LEFT=alone"} <= set(by_option.config["config"]["Env"])


def test_the_place_is_meta_virtualizations(sdk: Sdk, greet: Image, service: Image) -> None:
    assert greet.layout.name == "greet-latest-oci"
    assert service.layout.name == "case-service-1.0-oci"
    assert greet.layout.parent == service.layout.parent
    assert greet.layout.parent.parent == sdk.path / "tmp/deploy/images"


def test_others_read_it(greet: Image) -> None:
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    done = subprocess.run(
        ("skopeo", "inspect", "--raw", f"oci:{greet.layout}"), capture_output=True, check=True
    )
    assert json.loads(done.stdout)["layers"][-1]["digest"] == greet.layers[-1].digest


def test_an_edit_deep_below_is_seen(sdk: Sdk) -> None:
    """case-top needs case-middle, which needs case-bottom: package_qa of the first builds only the second."""
    sdk.modify("case-top", "case-bottom")
    sdk.build("case-top")
    sdk.edit("case-bottom", "case.sh", lambda text: text.replace("echo case", "echo edge"))
    image, told = sdk.build("case-top")

    assert content(image, "usr/bin/case-bottom") == "#!/bin/sh\necho edge\n"
    assert "dependencies are unchanged" not in told


def test_the_same_in_another_sdk(sdk: Sdk, other: Sdk, greet: Image, service: Image) -> None:
    other.modify("greet", "case-service")
    assert other.build("greet")[0].digest == greet.digest
    assert other.build("case-service")[0].digest == service.digest


Remove = Callable[[Sdk], None]
REMOVED: dict[str, Remove] = {
    "rootfs": lambda sdk: remove(sdk, "tmp/work/*/container-greet/*/rootfs"),
    "work of the recipe": lambda sdk: clean(sdk, "greet"),
    "work of the image": lambda sdk: clean(sdk, "container-greet"),
    "deploy directory": lambda sdk: remove(sdk, "tmp/deploy/images"),
    "our memory": lambda sdk: remove(sdk, str((sdk.home / "cache").relative_to("/")), Path("/")),
}


def remove(sdk: Sdk, pattern: str, top: Path | None = None) -> None:
    found = list((top or sdk.path).glob(pattern))
    assert found
    for path in found:
        shutil.rmtree(path)


def clean(sdk: Sdk, name: str) -> None:
    sdk.bitbake(f"bitbake -c clean {name}")


@pytest.mark.parametrize("what", REMOVED)
def test_what_was_removed_is_made_again(sdk: Sdk, greet: Image, what: str) -> None:
    sdk.build("greet")
    REMOVED[what](sdk)
    assert sdk.build("greet")[0].digest == greet.digest
