"""What every test relies on."""

import signal

import pytest

FOREIGN = (
    "SOURCE_DATE_EPOCH",
    "SDKTARGETSYSROOT",
    "SDK_STRICT_PLUGINS",
    "DEVTOOL_CONTAINERS_MACHINES",
    "CONTAINER_SIGN",
    "CONTAINER_VERIFY",
    "COSIGN_PASSWORD",
)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # a shell starts what it puts in the background so; every command of ours would inherit it, and no test
    # of Ctrl-C could end
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own cache, images and environment."""
    home = tmp_path_factory.mktemp("home")  # one each: a server may get the port of an earlier test's
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
