"""A headless Chromium from Debian's packages, spoken to by the DevTools protocol.

The packages are unpacked and not installed: the browser, the libraries that a minimal Debian lacks,
and a family of fonts. It has a profile of its own that goes with it, and no network: every name and
address but what it is shown from a file fails.
"""

from __future__ import annotations

import base64
import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines.cache import EngineUnavailableError
from tests.engines.debian import unpacked
from tests.engines.devtools import Devtools, Event

BROWSER = ("chromium-headless-shell", "chromium-common", "fonts-dejavu-core")
LIBRARIES = (
    *("libasound2", "libasyncns0", "libatk1.0-0", "libatspi2.0-0", "libbrotli1", "libbsd0"),
    *("libdav1d6", "libdbus-1-3", "libdouble-conversion3", "libdrm2", "libexpat1", "libflac12"),
    *("libfontconfig1", "libfreetype6", "libgbm1", "libglib2.0-0", "libgraphite2-3"),
    *("libharfbuzz-subset0", "libharfbuzz0b", "libjpeg62-turbo", "liblcms2-2", "libminizip1"),
    *("libmp3lame0", "libmpg123-0", "libnspr4", "libnss3", "libogg0", "libopenh264-7"),
    *("libopenjp2-7", "libopus0", "libpng16-16", "libpulse0", "libsndfile1", "libvorbis0a"),
    *("libvorbisenc2", "libwayland-server0", "libx11-6", "libx11-xcb1", "libxau6", "libxcb1"),
    *("libxcomposite1", "libxdamage1", "libxdmcp6", "libxext6", "libxfixes3", "libxi6"),
    *("libxkbcommon0", "libxnvctrl0", "libxrandr2", "libxrender1"),
)
"""What it is linked with, beside what every Debian has."""
_FOLDERS = (
    "usr/lib/x86_64-linux-gnu",
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/pulseaudio",
)
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>{root}/usr/share/fonts</dir><cachedir>{folder}/fonts</cachedir>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
_OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--no-default-browser-check",
    ),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe", "--hide-scrollbars"),
)
_EVENTS = ("Page", "Runtime", "Log", "Network")
_ERRORS = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}


@dataclass(slots=True)
class Tab:
    """A page that is open, and what has happened in it."""

    devtools: Devtools
    session: str
    target: str
    events: list[Event] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to it."""
        return self.devtools.call(method, self.session, **parameters)

    def open(self, address: str) -> None:
        """Open an address, and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        self.devtools.wait("Page.loadEventFired", self.session)

    def run(self, script: str) -> Any:
        """The value of an expression, which may be a promise, in the page.

        Raises:
            RuntimeError: it fails there.
        """
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def looks(self, scheme: str, width: int = 1280) -> None:
        """Let it be light or dark, and so many CSS pixels wide."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def printed(self) -> bytes:
        """What it prints as PDF, in A4."""
        size = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return base64.b64decode(self.call("Page.printToPDF", **size)["data"])

    def shot(self) -> bytes:
        """All of it as PNG."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def said(self) -> list[str]:
        """What it and the browser have written to the console since it was opened."""
        self.run("0")  # whatever happened before has been told with the answer
        return [
            str(each["params"])
            for each in self.devtools.events
            if each["method"] in _ERRORS and each.get("sessionId") == self.session
        ]

    def asked(self) -> list[str]:
        """The addresses of all that it has asked for."""
        self.run("0")
        return [
            each["params"]["request"]["url"]
            for each in self.devtools.events
            if each["method"] == "Network.requestWillBeSent" and each["sessionId"] == self.session
        ]


@dataclass(frozen=True, slots=True)
class Chromium:
    """A running browser."""

    devtools: Devtools

    @contextlib.contextmanager
    def tab(self, address: str = "", *, scripts: bool = True) -> Iterator[Tab]:
        """Open a page, and close it again."""
        target = self.devtools.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.devtools.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(self.devtools, session["sessionId"], target)
        for each in _EVENTS:
            tab.call(f"{each}.enable")
        if not scripts:
            tab.call("Emulation.setScriptExecutionDisabled", value=True)
        if address:
            tab.open(address)
        yield tab
        self.devtools.call("Target.closeTarget", targetId=target)


@contextlib.contextmanager
def running() -> Iterator[Chromium]:
    """Start a browser, and end it with all that it started.

    Raises:
        EngineUnavailableError: it can't be had, or does not start here.
    """
    root = unpacked("chromium", (*BROWSER, *LIBRARIES))
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        process = _started(root, Path(folder), log)
        try:
            devtools = Devtools(process)
            try:
                devtools.call("Browser.getVersion")
            except (RuntimeError, BrokenPipeError) as error:
                tail = log.read_text(errors="replace")[-2000:]
                raise EngineUnavailableError(f"chromium: it did not start:\n{tail}") from error
            yield Chromium(devtools)
            with contextlib.suppress(RuntimeError, BrokenPipeError):
                devtools.call("Browser.close")
        finally:
            process.kill()
            process.communicate()


def _started(root: Path, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    (folder / "fonts.conf").write_text(_FONTS.format(root=root, folder=folder))
    program = root / "usr/lib/chromium/chromium-headless-shell"
    # the browser wants its pipes as the files 3 and 4, which a child gets of a shell alone
    pipes = 'exec "$@" 3<&0 4>&1 0</dev/null 1>&2'
    command = [
        "/bin/sh",
        "-c",
        pipes,
        "sh",
        program,
        *_OPTIONS,
        f"--user-data-dir={folder}/profile",
    ]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": ":".join(str(root / each) for each in _FOLDERS),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    with log.open("wb") as errors:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
