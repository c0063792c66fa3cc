"""A real Chromium without a window, told what to do by the DevTools protocol (chromedevtools.github.io)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.until import until

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--remote-debugging-port=0", "--window-size=1280,800"),
)
# The page's script keeps xterm.js's terminal to itself, in a field of that name: see who sets one.
WATCH = """
Object.defineProperty(Object.prototype, "terminal", {configurable: true, set(value) {
  if (value?.buffer) window.shownTerminal = value;
  Object.defineProperty(this, "terminal", {value, writable: true, configurable: true, enumerable: true});
}});
"""
SCREEN = """
(() => {
  const found = window.shownTerminal?.buffer.active;
  if (!found) return "";
  return Array.from({length: found.length}, (_, row) => found.getLine(row).translateToString(true)).join("\\n");
})()
"""


def found_browser() -> str:
    """The program. Without one the test is skipped, unless the tests were told to require it."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("CLUSTERCTL_TESTS_BROWSER") == "require":
            pytest.fail(f"no browser here: none of {', '.join(NAMES)}")
        pytest.skip(f"no browser here: none of {', '.join(NAMES)}")
    return program


class Page:
    """One tab. What it does is waited for."""

    def __init__(self, runner: asyncio.Runner, line: aiohttp.ClientWebSocketResponse) -> None:
        self._runner, self._line, self._number = runner, line, 0
        self._tell("Page.enable")
        self._tell("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def _tell(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        return self._runner.run(self._ask(self._number, method, params))

    async def _ask(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        await self._line.send_json({"id": number, "method": method, "params": params})
        while True:
            answer = json.loads(await self._line.receive_str(timeout=60))
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._tell("Page.navigate", url=url)
        until(lambda: self.value("document.readyState") == "complete" and self.value("location.href") != "about:blank")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is, in the page; a promise is awaited."""
        told = self._tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return told["result"].get("value")

    def screen(self) -> str:
        """What the terminal in the page shows, a line each."""
        return str(self.value(SCREEN) or "")

    def press(self, key: str) -> None:
        """A key of one letter."""
        self._tell("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        self._tell("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, file: Path) -> None:
        """Write down what it looks like, as PNG."""
        file.write_bytes(base64.b64decode(self._tell("Page.captureScreenshot")["data"]))


@contextmanager
def browser(home: Path) -> Iterator[Page]:
    """A browser that knows nothing, with one empty tab, and that is gone afterwards."""
    argv = [found_browser(), *FLAGS, f"--user-data-dir={home}", "about:blank"]
    with ExitStack() as stack:
        log = stack.enter_context((home.parent / "browser.log").open("wb"))
        process = stack.enter_context(subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True))
        stack.callback(os.killpg, process.pid, signal.SIGKILL)  # it is a family of processes
        port = home / "DevToolsActivePort"
        where = until(lambda: port.read_text().split() if port.exists() and process.poll() is None else [])
        runner = stack.enter_context(asyncio.Runner())
        yield Page(runner, runner.run(_connect(stack, runner, f"http://127.0.0.1:{where[0]}")))


async def _connect(stack: ExitStack, runner: asyncio.Runner, base: str) -> aiohttp.ClientWebSocketResponse:
    client = aiohttp.ClientSession()
    stack.callback(lambda: runner.run(client.close()))
    async with client.get(f"{base}/json/list") as answer:
        tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
    return await client.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=1 << 26)
