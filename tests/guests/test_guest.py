"""Guests end with their test, and with the one after it when that was killed."""

import os
import subprocess
import sys

import pytest

from sdk_hooks import vm

from . import Guest, Unavailable
from .host import CACHE, HOW

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not os.environ.get("GUESTS"), reason=f"boots machines: {HOW}"),
]
LEAVE = "import os, guests; guests.Guest('minimal').__enter__(); os._exit(0)"


@pytest.fixture
def guest() -> Guest:
    try:
        return Guest("minimal")
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_a_guest_ends_with_its_block_also_when_that_fails(guest: Guest) -> None:
    with pytest.raises(ZeroDivisionError), guest:
        assert guest.sh("id -u", "user") == "1000\n"
        pid = vm.process.pid(guest.directory / "pid")
        os.kill(pid, 0)
        raise ZeroDivisionError
    assert not guest.directory.exists()
    assert ended(pid)


def test_what_a_killed_run_left_is_ended_by_the_next(guest: Guest) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run((sys.executable, "-c", LEAVE), env=environment, timeout=300, check=True)
    [left] = (CACHE / "running").glob("minimal-*")
    pid = vm.process.pid(left / "pid")
    os.kill(pid, 0)
    with guest:
        assert not left.exists()
        assert ended(pid)


def ended(pid: int) -> bool:
    return vm.process.wait(lambda: not os.path.exists(f"/proc/{pid}"), 10)
