"""Containers of podman as units of systemd: the files, and what of the core's goes through them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.stacks.podman import Podman

from sdk_hooks import Network, Port, Resources, Restart, Settings, StackFacts, Target, Volume
from sdk_hooks.core.deploy import content, deployment
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET

from .helpers import AMD64, make, write

GENERATOR = "/usr/lib/systemd/system-generators/podman-system-generator"
FACTS = StackFacts("5.4.2", units=GENERATOR)
ROOTS = replace(TARGET, name="board", platform=AMD64, init="systemd", stacks={"podman": FACTS})
OWN = replace(ROOTS, uid=1000, state=PurePosixPath("/home/user/state"))


def made(directory: Path, target: Target, *settings: Settings) -> Deployment:
    image = make(directory / "x").image
    names = "ab" if len(settings) > 1 else ("",)
    parts = tuple(Part(image, each, name) for name, each in zip(names, settings, strict=True))
    return deployment.make("web", parts, Podman(), None, target, load().network)


def written(directory: Path, target: Target, settings: Settings) -> str:
    return content.files(made(directory, target, settings))["container-web.container"]


def test_the_file_of_a_container(tmp_path: Path) -> None:
    everything = Settings(
        env={"SAID": '50% of $HOME, "q" it\'s\nback\\slash\tä', "NOTHING": ""},
        ports=(Port(80, 8080),),
        volumes=(Volume("data", "/var/lib/web"), Volume("/srv/a b", "/srv", True)),
        resources=Resources(64 << 20),
        restart=Restart("on-failure", 3),
        entrypoint=("/bin/x", "a b"),
        cmd=("-c",),
        stop_timeout=20,
        network="bridge",
    )
    found = made(tmp_path, ROOTS, everything)
    box = found.containers[0]

    assert (
        content.files(found)["container-web.container"]
        == f"""\
[Unit]
Description=Container web (devtool-containers)
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=infinity
StartLimitBurst=4

[Container]
Image={box.image}
ContainerName=web
PodmanArgs="--log-driver" "k8s-file" "--log-opt" "max-size=8mb" \
"--log-opt" "path={box.directory}/output.log" \
"--stop-timeout" "20" "--pull" "never" "--network" "bridge" "--memory" "67108864" "--publish" "8080:80/tcp" \
"--volume" "data:/var/lib/web" "--volume" "/srv/a b:/srv:ro" \
"--env" "SAID=50%% of $$HOME, \\"q\\" it's\\nback\\\\slash\\tä" "--env" "NOTHING=" \
"--label" "devtool-containers.digest={box.digest}" "--entrypoint=/bin/x"
Exec="a b" "-c"

[Quadlet]
DefaultDependencies=false

[Service]
ExecStartPre="/bin/sh" "-c" "umask 022; [ -e \\"$$0\\" ] || mkdir -p \\"$$0\\"" "/srv/a b"
Restart=on-failure
RestartSec=1
TimeoutStartSec=300
TimeoutStopSec=80

[Install]
WantedBy=multi-user.target
"""
    )


def test_the_unit_of_a_user_waits_for_no_network(tmp_path: Path) -> None:
    text = written(tmp_path / "1", OWN, Settings(entrypoint=()))

    assert text.startswith(
        "[Unit]\nDescription=Container web (devtool-containers)\nStartLimitIntervalSec=0\n\n[Container]\n"
    )
    assert ' "--entrypoint="\n\n[Quadlet]\nDefaultDependencies=false\n\n[Service]\nRestart=always\n' in text
    assert text.endswith("\n[Install]\nWantedBy=default.target\n")
    old = replace(OWN, stacks={"podman": replace(FACTS, version="4.9.3")})
    assert "[Quadlet]" not in written(tmp_path / "2", old, Settings())


def test_the_scripts_of_a_unit(tmp_path: Path) -> None:
    files = content.files(made(tmp_path / "1", ROOTS, Settings()))
    own = content.files(made(tmp_path / "2", OWN, Settings()))

    assert f"QUADLET_UNIT_DIRS=$PWD {GENERATOR} " in files["run"]
    assert "systemctl start container-web.service && exit\n" in files["run"]
    assert (
        files["disown"] == "rm -f /etc/containers/systemd/container-web.container\nsystemctl daemon-reload\n"
    )
    assert files["disable"].startswith(files["stop"])
    assert files["disable"].endswith(files["disown"])
    assert "linger" not in files["enable"]
    assert "systemctl stop container-web.service\n" in files["stop"]
    assert "systemctl --user stop container-web.service\n" in own["stop"]
    assert (
        'to="${XDG_CONFIG_HOME:-$HOME/.config}"/containers/systemd/container-web.container\n' in own["enable"]
    )
    assert 'loginctl --no-ask-password enable-linger "$login"' in own["enable"]


@pytest.mark.parametrize(
    ("target", "settings"),
    [
        (ROOTS, (Settings(restart=Restart("no")),)),
        (ROOTS, (Settings(), Settings())),
        (ROOTS, (Settings(cmd=("a", "")),)),
        (ROOTS, (Settings(cmd=("find", ";")),)),
        (ROOTS, (Settings(env={"BELL": "\a"}),)),
        (replace(ROOTS, init="busybox"), (Settings(),)),
        (replace(ROOTS, cgroup=1), (Settings(),)),
        (replace(ROOTS, stacks={"podman": StackFacts("4.3.1")}), (Settings(),)),
    ],
    ids=["not-restarted", "several", "empty", "semicolon", "bell", "busybox", "cgroup1", "bookworm"],
)
def test_what_is_no_unit(tmp_path: Path, target: Target, settings: tuple[Settings, ...]) -> None:
    found = made(tmp_path, target, *settings)

    assert [box.unit for box in found.containers] == [""] * len(settings)
    assert not [name for name in content.files(found) if name.endswith((".container", "disown"))]


def test_it_joins_all_networks_at_once(tmp_path: Path) -> None:
    files = content.files(made(tmp_path, ROOTS, Settings(networks=(Network("a"), Network("b")))))

    assert '"--network" "web.a" "--network-alias" "web"' in files["container-web.container"]
    assert '"--network" "web.b"' in files["container-web.container"]
    assert "podman network inspect web.b >/dev/null 2>&1 || podman network create " in files["run"]


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("ActiveState=failed\nExecMainExitTimestampMonotonic=5\nExecMainStatus=3", "stopped 3"),
        ("ExecMainStatus=0\nExecMainExitTimestampMonotonic=5\nActiveState=inactive", "stopped 0"),
        ("ActiveState=activating\nExecMainExitTimestampMonotonic=5\nExecMainStatus=3", "absent"),
        ("ActiveState=inactive\nExecMainExitTimestampMonotonic=0\nExecMainStatus=0", "absent"),
    ],
)
def test_what_systemd_knows_of_one_that_is_gone(tmp_path: Path, show: str, said: str) -> None:
    for name, text in (("podman", "exit 1"), ("systemctl", f"echo '{show}'")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    script = content.files(made(tmp_path, ROOTS, Settings()))["state"]
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ("sh",), input=script, env={"PATH": path}, capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{said}\n"


def test_the_generator_takes_it_and_systemd_what_that_makes(tmp_path: Path) -> None:
    generator = os.environ.get("QUADLET") or "/usr/libexec/podman/quadlet"
    if not (os.access(generator, os.X_OK) and shutil.which("systemd-analyze")):
        pytest.skip("podman here has no Quadlet: QUADLET=/usr/libexec/podman/quadlet of 4.4 or later")
    settings = Settings(env={"A": "50% of $HOME \"q\" 'x' \\\n;"}, cmd=("a b", "#", "\\", "%n", "${X}"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "container-web.container").write_text(written(tmp_path, ROOTS, settings))
    out = tmp_path / "out"
    argv = (generator, "-no-kmsg-log", str(out))
    env = {"QUADLET_UNIT_DIRS": str(tmp_path / "in")}
    subprocess.run(argv, env=env, check=True, capture_output=True)
    unit = out / "container-web.service"

    [start] = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    assert start.endswith(' "a b" # "\\\\" %%n $${X}'), start
    assert '"A=50%% of $$HOME \\"q\\" \'x\' \\\\\\n;"' in start, start
    done = subprocess.run(
        ("systemd-analyze", "verify", str(unit)), capture_output=True, text=True, check=False
    )
    mine = [
        line for line in done.stderr.splitlines() if "container-web" in line and "not executable" not in line
    ]
    assert mine == []


def test_systemd_is_told_of_what_it_has_not_started(tmp_path: Path) -> None:
    """Else it would not stop it when the machine goes down; the first start by systemd starts nothing."""
    old = {"podman": StackFacts("4.3.1")}
    root = content.files(made(tmp_path / "1", replace(ROOTS, stacks=old), Settings()))["enable"]
    own = content.files(made(tmp_path / "2", replace(OWN, stacks=old), Settings()))["enable"]

    assert (
        'ExecStart=/bin/sh -c \'rm %t/container-web.runs 2>/dev/null || { read -r id <"$$0/current"' in root
    )
    assert (
        "systemctl -q is-active container-web || "
        "{ : >/run/container-web.runs; systemctl --no-block start container-web; } >/dev/null 2>&1\n"
    ) in root
    assert '{ : >"$XDG_RUNTIME_DIR"/container-web.runs; systemctl --user --no-block start ' in own
    unit = tmp_path / "container-web.service"
    unit.write_text(root.partition("<<'EOF'\n")[2].partition("EOF\n")[0])
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    done = subprocess.run(
        ("systemd-analyze", "verify", str(unit)), capture_output=True, text=True, check=False
    )
    assert "container-web" not in done.stderr


@pytest.mark.parametrize("home", ["a b", "50%n", "$HOME", 'q"q', "it's", "back\\\\slash", "${x}"])
def test_a_home_of_any_name_is_found_at_boot(tmp_path: Path, home: str) -> None:
    state = tmp_path / home / "state"
    target = replace(OWN, state=PurePosixPath(state), stacks={"podman": StackFacts("4.3.1")})
    found = made(tmp_path, target, Settings())
    unit = content.files(found)["enable"].partition("<<'EOF'\n")[2].partition("EOF\n")[0]
    write(Path(found.app), {"current": f"{found.id}\n", f"{found.id}/start": "echo up\n"})
    write(Path(found.directory), {"stop": "echo down\n"})

    said = []
    for key in ("ExecStart=", "ExecStop="):
        [line] = [line for line in unit.splitlines() if line.startswith(key)]
        argv = shlex.split(line.removeprefix(key).replace("%t", "/run/t").replace("%%", "%"))
        argv = [word.replace("$$", "$") for word in argv]
        said.append(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert said == ["up\n", "down\n"]
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    (tmp_path / "container-web.service").write_text(unit)
    argv = ["systemd-analyze", "verify", str(tmp_path / "container-web.service")]
    assert "container-web" not in subprocess.run(argv, capture_output=True, text=True, check=False).stderr


def test_what_it_has_said_is_there_while_it_is_not(tmp_path: Path) -> None:
    """Between two starts there is no container that podman could be asked about."""
    found = made(tmp_path, ROOTS, Settings())
    log = tmp_path / "output.log"
    script = content.files(found)["output"].replace(str(found.containers[0].directory), str(tmp_path))
    lines = [
        "1 stdout F first",
        "2 stderr P a lo",
        "3 stderr P ng ",
        "4 stderr F one",
        "5 stdout F it's P \\",
    ]
    log.write_text("\n".join([*lines, "6 stdout F ", "7 stdout P no end", ""]))

    def printed(*words: str) -> str:
        argv = ("sh", "-c", script, "sh", *words)
        path = f"{tmp_path}:{os.environ['PATH']}"
        return subprocess.run(argv, env={"PATH": path}, capture_output=True, text=True, check=True).stdout

    (tmp_path / "podman").write_text('#!/bin/sh\n[ "$2" != exists ] || exit 1\necho none\n')
    (tmp_path / "podman").chmod(0o755)
    assert printed("20") == "first\na long one\nit's P \\\n\nno end\n"
    assert printed("2") == "\nno end\n"
    (tmp_path / "podman").write_text('#!/bin/sh\n[ "$2" = exists ] || echo "$*"\n')
    assert printed("5", "-f") == "logs --tail 5 -f web\n"
