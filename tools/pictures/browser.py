"""Drives Chromium by its DevTools protocol, over a pipe, so that nothing listens and nothing needs installing.

Source of the protocol: https://chromedevtools.github.io/devtools-protocol/. The pipe is file descriptors 3 and 4, and
each message ends with a zero byte (Chromium's `--remote-debugging-pipe`).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

BROWSER: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""The browser on PATH; None without one. `make browser` installs Debian's."""

NO_BROWSER: Final = "no Chromium on PATH: `make browser` installs Debian's"

_KEYS: Final[Mapping[str, dict[str, Any]]] = {
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    " ": {"code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "ArrowDown": {"code": "ArrowDown", "windowsVirtualKeyCode": 40},
    "ArrowRight": {"code": "ArrowRight", "windowsVirtualKeyCode": 39},
    "End": {"code": "End", "windowsVirtualKeyCode": 35},
    "Backspace": {"code": "Backspace", "windowsVirtualKeyCode": 8},
}

_LONGEST_SECONDS: Final = 60
"""In which something of a page comes about, if it ever does."""

_AS_3_AND_4: Final = """
import os, sys
to, of, *command = sys.argv[1:]
ends = os.dup(int(to)), os.dup(int(of))
for number, end in enumerate(ends, 3):
    os.dup2(end, number)
    os.set_inheritable(number, True)
os.execv(command[0], command)
"""
"""Runs a program with its ends of two pipes as file descriptors 3 and 4, which may be others' here."""


class Browser:
    """A page in a browser.

    Attributes:
        events: What the browser told of the page: method and parameters.
    """

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of = to, of
        self._numbers = count(1)
        self._session: dict[str, str] = {}
        self._unread = b""
        self.events: list[tuple[str, dict[str, Any]]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol.

        Raises:
            RuntimeError: The browser refused, or has ended.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]

    def _read(self) -> dict[str, Any]:
        """Read one message; events are kept."""
        while b"\0" not in self._unread:
            answers, *_ = select.select([self._of], [], [], _LONGEST_SECONDS)
            more = os.read(self._of, 2**20) if answers else b""
            if not more:
                raise RuntimeError("the browser has ended, or answers no more")
            self._unread += more
        message, _, self._unread = self._unread.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        if "method" in said:
            self.events.append((said["method"], said["params"]))
        return said

    def open(self, file: Path) -> None:
        """Load a page, and wait until it is there."""
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._read()

    def eval(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript; of a promise, what it comes to.

        Raises:
            RuntimeError: It throws.
        """
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"]))
        return done["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press and release keys, one after the other: letters, or the names of other keys."""
        for key in keys:
            known = _KEYS.get(key, {"text": key})
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **known)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        where = self.eval(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)

    def media(self, kind: str = "", **features: str) -> None:
        """Show the page as on `print`, or with other features, such as `prefers_color_scheme="dark"`."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=wanted)

    def pdf(self) -> bytes:
        """Print the page."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def screenshot(self, target: Path, width: int, height: int) -> None:
        """Write a picture of the page's top."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        target.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browsing(folder: Path) -> Generator[Browser]:
    """Run the browser while the block runs; its profile is in a folder."""
    assert BROWSER is not None, NO_BROWSER  # noqa: S101 - whoever calls looks first
    to_read, to_write = os.pipe()
    of_read, of_write = os.pipe()
    # --no-sandbox, because it may be root who runs this.
    chosen = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
    )
    command = [sys.executable, "-c", _AS_3_AND_4, str(to_read), str(of_write), BROWSER, "--remote-debugging-pipe"]
    process = subprocess.Popen(  # noqa: S603 - no input of users
        [*command, *chosen], pass_fds=(to_read, of_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(to_read)
    os.close(of_write)
    try:
        yield Browser(to_write, of_read)
    finally:
        process.terminate()
        process.wait()
        os.close(to_write)
        os.close(of_read)
