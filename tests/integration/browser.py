"""A real browser: Chromium without a window, told what to do by ChromeDriver (W3C WebDriver).

A hundred lines of HTTP and JSON instead of selenium, which brings a dozen packages along.
"""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference, by the standard
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowRight": "\ue014", "Tab": "\ue004", "End": "\ue010"}
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--hide-scrollbars",
    "--window-size=1280,1000",
)


def found() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """One window."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session

    def open(self, path: Path) -> None:
        self.call("POST", "url", {"url": path.as_uri()})

    def call(self, method: str, command: str, body: dict[str, Any] | None = None) -> Any:
        return request(self.port, method, f"/session/{self.session}/{command}", body)

    def js(self, script: str, *args: Any) -> Any:
        """What *script* returns."""
        return self.call("POST", "execute/sync", {"script": script, "args": args})

    def click(self, selector: str) -> None:
        self.call("POST", f"element/{self._element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self.call("POST", f"element/{self._element(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Keys of the keyboard, to what has the focus."""
        steps = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def text(self, selector: str) -> str:
        return str(self.call("GET", f"element/{self._element(selector)}/text"))

    def complaints(self) -> list[str]:
        """What the browser wrote on its console: errors, and what its policy blocked."""
        return [entry["message"] for entry in self.call("POST", "se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """What the page has asked for since the last call, itself included."""
        entries = self.call("POST", "se/log", {"type": "performance"})
        messages = (json.loads(entry["message"])["message"] for entry in entries)
        sent = (m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent")
        return list(sent)

    def emulate(self, **features: str) -> None:
        """Media features, such as `prefers_color_scheme="dark"`."""
        named = [{"name": key.replace("_", "-"), "value": value} for key, value in features.items()]
        self.call(
            "POST", "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": named}}
        )

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "screenshot")))

    def _element(self, selector: str) -> str:
        found = self.call("POST", "element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, which goes with it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        argv = ("chromedriver", "--port=0")
        driver = subprocess.Popen(
            argv, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        try:
            port = _port(driver)
            session = request(port, "POST", "/session", _wishes(home))["sessionId"]
            yield Browser(port, session)
            request(port, "DELETE", f"/session/{session}")
        finally:
            os.killpg(driver.pid, signal.SIGKILL)  # and the browser that it started
            driver.communicate()


def _port(driver: "subprocess.Popen[str]") -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if match := re.search(r"started successfully on port (\d+)", line):
            return int(match[1])
    raise AssertionError("chromedriver did not start")


def _wishes(home: str) -> dict[str, Any]:
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # its sandbox refuses root
    options = {"args": [*OPTIONS, *root, f"--user-data-dir={home}/profile"]}
    logs = {"browser": "ALL", "performance": "ALL"}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
    return {"capabilities": {"alwaysMatch": wanted}}


def request(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = json.loads(connection.getresponse().read())["value"]
    finally:
        connection.close()
    assert not (isinstance(answer, dict) and "error" in answer), answer
    return answer
