"""Runs code of ours under an audit hook, and prints what it did that it may not do.

    python -m tests.contract.watch import FOLDER      import every module
    python -m tests.contract.watch scan FOLDER ARG... run a command; it may write below FOLDER

One line a deed: the event, its argument, and where in our code it came from.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGES = ("auditor", "collectors", "reports")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    {
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.link"),
        *("os.symlink", "os.truncate", "os.utime", "os.setxattr", "shutil.move", "shutil.rmtree"),
    }
)
DEEDS = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"),
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.listen"),
        *("urllib.Request", "ctypes.dlopen", "os.putenv", "os.unsetenv"),
    }
)
CODE = (".py", ".pyc", ".so")
AF_UNIX = 1


def ours() -> FrameType | None:
    """The innermost frame of our packages."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
            return frame
        frame = frame.f_back
    return None


def place() -> str:
    """Where in our packages something is done, or nothing."""
    frame = ours()
    return f"{frame.f_globals['__name__']}:{frame.f_lineno}" if frame is not None else ""


def relative_to() -> object:
    """The descriptor that a path is relative to: of all events that of opening does not tell it.

    What opens so calls the descriptor ``folder``.
    """
    frame = ours()
    return frame.f_locals.get("folder", -1) if frame is not None else -1


def told(event: str, argument: object, where: str) -> None:
    """Write one line; the descriptor is shared with forked workers."""
    os.write(2, f"{event}\t{argument!r}\t{where}\n".encode("utf-8", "backslashreplace"))


class Environment(MutableMapping[str, str]):
    """The environment, telling who reads it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getitem__(self, key: str) -> str:
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__") in {"os", "_collections_abc", "collections.abc"}:
            frame = frame.f_back or sys._getframe(0)
            if frame.f_back is None:
                break
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] in PACKAGES:
            told("environment", key, f"{name}:{frame.f_lineno}")
        value: str = self._inner[key]
        return value

    def __setitem__(self, key: str, value: str) -> None:
        self._inner[key] = value

    def __delitem__(self, key: str) -> None:
        del self._inner[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


def on_import(event: str, arguments: tuple[Any, ...]) -> None:
    """Importing reads code, and does nothing else."""
    if event == "open":
        path = arguments[0]
        code = isinstance(path, str) and path.endswith(CODE)
        if not code and not isinstance(path, int):
            told(event, path, place())
    elif event in CHANGES | DEEDS or event in {"os.fork", "socket.__new__"}:
        told(event, arguments[:1], place())


def on_scan(folders: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    """Scanning writes below its own folders, starts workers by forking, and talks to nobody."""

    def allowed(path: Any, folder: object = -1) -> bool:
        if isinstance(path, int):
            return True
        base = f"/proc/self/fd/{folder}" if isinstance(folder, int) and folder >= 0 else "."
        full = f"{Path(base, os.fsdecode(path)).resolve()}{os.sep}"
        return full == f"{os.devnull}{os.sep}" or full.startswith(folders)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writing = any(letter in (mode or "") for letter in "wax+") or bool(flags & WRITES)
            if writing and not allowed(path, relative_to()):
                told(event, path, place())
        elif event in CHANGES:
            # (path, ..., descriptor of its folder), or (from, to, two descriptors)
            paths = [path for path in arguments if isinstance(path, str | bytes)]
            if not all(allowed(path, arguments[-1]) for path in paths):
                told(event, arguments, place())
        elif event in DEEDS or (event == "socket.__new__" and arguments[1] != AF_UNIX):
            told(event, arguments, place())
        elif event == "os.fork" and not place().startswith("auditor.runner."):
            told(event, "", place())

    return hook


SDKS = ("distributed", "kubernetes.client", "kubernetes.config", "urllib3")
"""What others' packages do when they are imported: only a command that needs one imports it."""


def modules() -> Iterator[str]:
    """Every module of ours, but the one that runs when it is imported."""
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            yield module.name


def main(what: str, folder: str, *arguments: str) -> int:
    """Watch an import of everything, or one command."""
    if what == "import":
        for name in SDKS:
            importlib.import_module(name)
        vars(os)["environ"] = Environment(os.environ)
        sys.addaudithook(on_import)
        for name in modules():
            importlib.import_module(name)
        return 0
    app = importlib.import_module("auditor.cli.app")
    sys.addaudithook(on_scan((f"{Path(folder).resolve()}{os.sep}",)))
    code: int = app.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
