# SPDX-License-Identifier: BSD-3-Clause
"""Chromium without a window, driven over a pipe by the DevTools protocol: no port is opened and no library is needed."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

PROGRAMS = ["chromium-headless-shell", "chromium", "google-chrome"]
DEADLINE = 180 # seconds, of one answer


def program():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One browser with one page. What the page says and asks for is kept: `said`, `requests`, `dialogs`."""

    def __init__(self, folder):
        ours, theirs = zip(os.pipe()[::-1], os.pipe()) # we write and read; it reads and writes
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in theirs]
        command = [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                   f"--user-data-dir={folder}/browser", "--remote-debugging-pipe", "about:blank"]
        with open(f"{folder}/browser.log", "wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"', "browser", *map(str, high), *command],
                pass_fds=high, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for fd in [*theirs, *high]:
            os.close(fd)
        self.to, self.back = ours
        self.rest, self.number, self.session = b"", 0, None
        self.said, self.requests, self.dialogs, self.downloads, self.events = [], [], [], [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder, eventsEnabled=True)

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)

    def message(self, deadline):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.back, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended")
            self.rest += piece
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def note(self, event):
        method, params = event.get("method"), event.get("params", {})
        self.events.append(method)
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.said.append(" ".join(str(value.get("value", value)) for value in params["args"]))
        if method == "Runtime.exceptionThrown":
            self.said.append(json.dumps(params["exceptionDetails"])[:500])
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.said.append(params["entry"]["text"])
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        if method == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])
        if method == "Browser.downloadProgress" and params["state"] == "completed":
            self.downloads.append(params["guid"])

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session and not method.startswith(("Target.", "Browser.")):
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE
        while True:
            message = self.message(deadline)
            if message.get("id") != self.number:
                self.note(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']}")
            else:
                return message["result"]

    def wait(self, happened):
        deadline = time.monotonic() + DEADLINE
        while not happened():
            self.note(self.message(deadline))

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait(lambda: "Page.loadEventFired" in self.events)

    def ready(self):
        """Waits until a report's page has made its charts and tables ready."""
        assert self.settle("document.documentElement.dataset.ready === 'yes'", bool), "the page does not come to an end"

    def run(self, script):
        """The value of an expression, as JSON has it; of a promise, what it comes to."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:1000])
        return result["result"].get("value")

    def settle(self, script, is_right):
        """The value of an expression once it is right, or what it still is after a while: pages do some things later."""
        deadline = time.monotonic() + DEADLINE / 18
        while not is_right(value := self.run(script)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return value

    def key(self, name, code):
        text = {"text": "\r"} if name == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, kind="", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path, **params):
        data = self.call("Page.captureScreenshot", format="png", **params)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def paper(self):
        """The page as it is printed: PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])
