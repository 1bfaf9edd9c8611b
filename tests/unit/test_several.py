"""The scripts of an application of several containers, run on containers that are scripts themselves."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.stacks.docker import Docker

from sdk_hooks import HealthCheck, Restart, Settings
from sdk_hooks.core.deploy import content, deployment
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.parts import Config, Need, Part, Secret
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET

from .helpers import file, make, write

CHECKED = Settings(healthcheck=HealthCheck(command=("check",), interval=1, retries=1))
ONCE = Settings(restart=Restart("no"))


def app(directory: Path, *parts: Part) -> Deployment:
    """The deployment of *parts*, whose state directory is on this machine."""
    image = make(directory / "image", file("usr/bin/x", b"#!", 0o755)).image
    target = replace(TARGET, state=PurePosixPath(directory))
    filled = tuple(replace(part, image=image) for part in parts)
    return deployment.make("shop", filled, Docker(), None, target, load().network)


def part(name: str, settings: Settings = CHECKED, *needs: Need, secrets: tuple[Secret, ...] = ()) -> Part:
    return Part(None, settings, name, needs, secrets)  # type: ignore[arg-type]  # app() puts the image in


def placed(made: Deployment, **states: str) -> Path:
    """The deployment's directory, in which each container is what *states* says and notes what it is told."""
    top = Path(made.directory)
    write(top, {**content.files(made)})
    for name, state in states.items():
        for verb in ("start", "stop", "health"):
            (top / name / verb).write_text(f"echo {verb} {name} >>{top}/told\n")
        (top / name / "state").write_text(f"echo '{state}'\n")
        (top / name / "logs").write_text(f"echo one; printf 'two of {name}'\n")
    return top


def run(top: Path, verb: str) -> tuple[int, str]:
    done = subprocess.run(
        ("dash", f"{top}/{verb}"), cwd="/", capture_output=True, text=True, check=False, timeout=20
    )
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ({"a": "running 1", "b": "running 2"}, "running 1+2"),
        ({"a": "running 1", "b": "stopped 0"}, "running 1"),
        ({"a": "stopped 7", "b": "stopped 0"}, "stopped 7 (a)"),
        ({"a": "absent", "b": "running 2"}, "absent (a)"),
        ({"a": "running 1", "b": "stopped 3"}, "ended 3 (b)"),
        ({"a": "absent", "b": "absent"}, "ended absent (b)"),
    ],
)
def test_what_they_are_together(tmp_path: Path, states: dict[str, str], together: str) -> None:
    """a is to run, b is a job that may end."""
    top = placed(app(tmp_path, part("a"), part("b", ONCE)), **states)

    assert run(top, "state") == (0, together)


def test_jobs_that_have_all_ended_well(tmp_path: Path) -> None:
    top = placed(app(tmp_path, part("a", ONCE), part("b", ONCE)), a="stopped 0", b="stopped 0")

    assert run(top, "state") == (0, "stopped 0")
    assert "oneshot=1" in (top / "limits").read_text()


def test_one_starts_when_the_other_is_healthy(tmp_path: Path) -> None:
    top = placed(
        app(tmp_path, part("a"), part("b", CHECKED, Need("a", "healthy"))), a="running 1", b="running 2"
    )

    assert run(top, "start") == (0, "")
    told = (top / "told").read_text().splitlines()
    assert told == ["stop b", "stop a", "start a", "health a", "start b"]


def test_what_it_waits_for_has_failed(tmp_path: Path) -> None:
    top = placed(
        app(tmp_path, part("a", ONCE), part("b", CHECKED, Need("a", "completed"))), a="stopped 2", b="absent"
    )

    assert run(top, "start") == (1, "a is not completed: stopped 2")
    assert "start b" not in (top / "told").read_text()


def test_what_never_becomes_healthy_is_waited_for_as_long_as_it_may_take(tmp_path: Path) -> None:
    top = placed(
        app(tmp_path, part("a"), part("b", CHECKED, Need("a", "healthy"))), a="running 1", b="absent"
    )
    (top / "a" / "health").write_text("exit 1\n")

    assert run(top, "start") == (1, "a is not healthy: running 1")


def test_all_that_can_be_asked_have_to_be_healthy(tmp_path: Path) -> None:
    top = placed(app(tmp_path, part("a"), part("b", Settings())), a="running 1", b="running 2")

    assert run(top, "health") == (0, "")
    assert (top / "unwatched").exists()
    (top / "a" / "health").write_text("exit 1\n")
    assert run(top, "health") == (1, "a is not healthy")


def test_each_line_of_output_says_whose_it_is(tmp_path: Path) -> None:
    top = placed(app(tmp_path, part("a"), part("b")), a="running 1", b="running 2")

    assert run(top, "logs") == (0, "a | one\na | two of a\nb | one\nb | two of b")


def test_a_secret_is_in_what_is_sent_and_in_nothing_that_is_shown(tmp_path: Path) -> None:
    data = b"pa$$'\\\x00\xff\n"
    made = app(tmp_path, part("a", CHECKED, secrets=(Secret("token", data),)))
    shown = content.change(made)
    [line] = [line for line in shown.splitlines() if line.startswith("# the secret")]
    sent = content.change(made, secrets=True)

    assert line == "# the secret a/secret-token, 9 bytes"
    commands = [one for one in sent.splitlines() if one not in shown.splitlines()]
    (tmp_path / "a").mkdir()
    subprocess.run(("dash", "-c", "\n".join(commands)), cwd=tmp_path, check=True)
    assert (tmp_path / "a" / "secret-token").read_bytes() == data
    assert "pa$$" not in shown + made.record
    assert (content.files(made))["parts"] == "a"
    [volume] = made.containers[0].settings.volumes
    assert str(volume) == f"{made.directory}/a/secret-token:/run/secrets/token:ro"


def test_what_reads_as_the_place_of_a_secret_is_not_one(tmp_path: Path) -> None:
    """The comment that stands for a secret may be a line of a config as well, which everybody may read."""
    data = b"# the secret a/secret-token, 6 bytes\n"
    both = replace(
        part("a", secrets=(Secret("token", b"s3cret"),)), configs=(Config("c", data, target="/etc/c"),)
    )
    made = app(tmp_path, both)
    install = content.change(made, secrets=True).partition("cd ..\n")[0]

    subprocess.run(("dash", "-c", install), check=True)
    [fresh] = Path(made.app).glob(".new-*")
    assert (fresh / "a/config-c").read_bytes() == data
    assert (fresh / "a/secret-token").read_bytes() == b"s3cret"


def test_a_secret_that_the_target_has_is_taken_from_there(tmp_path: Path) -> None:
    sent = app(tmp_path, part("a", CHECKED, secrets=(Secret("token", b"s3cret"),)))
    kept = Secret("token", b"", kept="0123/a/secret-token", known=sent.members[0].part.secrets[0].digest)
    made = app(tmp_path, part("a", CHECKED, secrets=(kept,)))
    shown = content.change(made)
    commands = [
        one for one in content.change(made, secrets=True).splitlines() if one not in shown.splitlines()
    ]

    assert made.id == sent.id
    assert "# the secret a/secret-token, as it is there\n" in shown
    for directory in ("0123/a", "new/a"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "0123/a/secret-token").write_bytes(b"s3cret")
    subprocess.run(("dash", "-ec", "\n".join(commands)), cwd=tmp_path / "new", check=True)
    assert (tmp_path / "new/a/secret-token").read_bytes() == b"s3cret"
