"""What commands of a build do that matters to its safety, each in a word.

==================== ==============================================================
runs-download        a shell, or an interpreter, runs what was just downloaded
skips-signatures     a package manager takes packages that nobody signed
skips-certificates   a download does not look at the certificate of its server
opens-to-all         files become writable for everybody
sets-setuid          a program becomes one that runs as its owner
uses-sudo            rights are raised inside of the build
updates-index        the index of packages is fetched
installs-packages    packages are installed
==================== ==============================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from auditor.analysis.docker.shell import SHELLS, Command
from auditor.late import late

_DOWNLOADS: Final = frozenset({"curl", "wget", "fetch", "aria2c"})
_INTERPRETERS: Final = frozenset({"python", "python2", "python3", "perl", "ruby", "node", "php"})
_PACKAGES: Final = frozenset(
    {"apt-get", "apt", "aptitude", "apk", "yum", "dnf", "microdnf", "zypper"}
)
_UNSIGNED: Final = frozenset(
    {
        *("--allow-unauthenticated", "--force-yes", "--allow-untrusted", "--nogpgcheck"),
        *("--no-gpg-checks", "--no-gpg-check", "--allow-insecure-repositories"),
    }
)
_UNSIGNED_TEXT: Final = late(
    r"\[[^\]]*trusted=yes|gpgcheck=0|AllowUnauthenticated[ =]\"?(?:true|1|yes)"
    r"|AllowInsecureRepositories[ =]\"?(?:true|1|yes)",
    re.IGNORECASE,
)
_CERTIFICATES: Final = {
    "curl": late(r"--insecure|--proxy-insecure|-[a-zA-Z]*k[a-zA-Z]*"),
    "wget": late(r"--no-check-certificate"),
    "pip": late(r"--trusted-host(?:=.*)?"),
    "git": late(r"http\.sslVerify=(?:false|0)", re.IGNORECASE),
    "npm": late(r"--strict-ssl=false|--no-strict-ssl"),
}
_ALIASES: Final = {"pip3": "pip", "uv": "pip", "yarn": "npm", "pnpm": "npm"}
_NUMERIC: Final = late(r"[0-7]{3,4}")
_SYMBOLIC: Final = late(r"(?P<who>[ugoa]*)(?P<how>[+=])(?P<what>[rwxXst]+)")
_OTHERS_WRITE, _SPECIAL, _STICKY, _SETUID = 0o002, 0o7000, 0o1000, 0o6000


def doings(command: Command) -> list[str]:
    """Say what a command does, in the order of the table."""
    return [name for name, does in _TABLE if does(command)]


def mode_opens(mode: str) -> bool:
    """Whether a mode, as chmod takes it, lets everybody write; a sticky folder is well so."""
    if _NUMERIC.fullmatch(mode):
        number = int(mode, 8)
        return bool(number & _OTHERS_WRITE) and not number & _STICKY
    return any(
        "w" in part["what"] and not set(part["who"]).isdisjoint("oa") and "t" not in part["what"]
        for part in _parts(mode)
    )


def _sets_user(mode: str) -> bool:
    if _NUMERIC.fullmatch(mode):
        return bool(int(mode, 8) & _SETUID)
    return any(
        "s" in part["what"] and (not part["who"] or not set(part["who"]).isdisjoint("uga"))
        for part in _parts(mode)
    )


def _parts(mode: str) -> Iterator[re.Match[str]]:
    for each in mode.split(","):
        part = _SYMBOLIC.fullmatch(each)
        if part is not None:
            yield part


def _mode_of(command: Command) -> str:
    """The mode that chmod is given, "" for every other program."""
    if command.program == "install":
        return _value_of(command.arguments, ("-m", "--mode"))
    if command.program != "chmod":
        return ""
    return next((each for each in command.arguments if not each.startswith("-")), "")


def _value_of(arguments: Sequence[str], names: tuple[str, ...]) -> str:
    for number, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else "".join(arguments[number + 1 : number + 2])
    return ""


def _runs_download(command: Command) -> bool:
    shell = command.program in {*SHELLS, "source", ".", "eval"}
    if shell and not _DOWNLOADS.isdisjoint(command.inner):
        return True
    if _DOWNLOADS.isdisjoint(command.takes):
        return False
    if not shell and command.program not in _INTERPRETERS:
        return False
    words = [each for each in command.arguments if not each.startswith((">", "<", "2>"))]
    if shell and any(re.fullmatch(r"-[a-z]*s[a-z]*", each) for each in words):
        return True
    return not words or words[0] == "-" or (shell and all(each.startswith("-") for each in words))


def _skips_signatures(command: Command) -> bool:
    words = command.arguments
    if command.program in _PACKAGES and not _UNSIGNED.isdisjoint(words):
        return True
    if command.program in {*_PACKAGES, "echo", "printf", "sed", "add-apt-repository", "tee", "cat"}:
        return any(_UNSIGNED_TEXT.search(each) for each in words)
    return False


def _skips_certificates(command: Command) -> bool:
    pattern = _CERTIFICATES.get(_ALIASES.get(command.program, command.program))
    if pattern is None:
        return False
    if any(pattern.fullmatch(each) for each in command.arguments):
        return True
    text = " ".join(command.arguments)
    off = r"(?:http\.sslVerify|strict-ssl)[ =](?:false|0)\b"
    return command.program in {"git", "npm"} and re.search(off, text, re.IGNORECASE) is not None


def _opens_to_all(command: Command) -> bool:
    return mode_opens(_mode_of(command))


def _sets_setuid(command: Command) -> bool:
    return _sets_user(_mode_of(command))


def _uses_sudo(command: Command) -> bool:
    return "sudo" in command.by or command.program == "sudo"


def _updates_index(command: Command) -> bool:
    return command.program in _PACKAGES and any(
        each in {"update", "makecache", "refresh"} for each in command.arguments
    )


def _installs(command: Command) -> bool:
    return command.program in _PACKAGES and any(
        each in {"install", "add", "upgrade", "dist-upgrade", "full-upgrade", "in", "build-dep"}
        for each in command.arguments
    )


_TABLE: Final[tuple[tuple[str, Callable[[Command], bool]], ...]] = (
    ("runs-download", _runs_download),
    ("skips-signatures", _skips_signatures),
    ("skips-certificates", _skips_certificates),
    ("opens-to-all", _opens_to_all),
    ("sets-setuid", _sets_setuid),
    ("uses-sudo", _uses_sudo),
    ("updates-index", _updates_index),
    ("installs-packages", _installs),
)
