"""Exec plugins of kubeconfigs (client.authentication.k8s.io), run by us and within a time.

The ``kubernetes`` package has no limit of time, and puts whatever a plugin says into its errors.
What a plugin says may be a secret: it is kept nowhere, and shown only by ``auditor doctor``.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from auditor.bounded import read_named
from auditor.errors import CollectionError
from auditor.late import late
from auditor.secrets.names import is_secret_name
from auditor.secrets.own import Own
from auditor.secrets.redact import redact_text
from collectors.http.credentials import header_value
from collectors.http.trust import MOST_BYTES
from collectors.kubernetes.live.credentials import HINT

VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_CONFIG: Final = "client.authentication.k8s.io/exec"
_CLUSTER: Final = (
    *("server", "tls-server-name", "insecure-skip-tls-verify"),
    *("certificate-authority-data", "proxy-url", "disable-compression"),
)
_LONGEST: Final = 500
_MOST_SAID: Final = 1 << 20
_PIECE: Final = 1 << 16
_ONE_QUESTION: Final = threading.Lock()
"""A terminal is one; targets are opened in threads."""
_ASSIGNED: Final = late(
    r"(?i)((?:pass\w*|pwd|secret\w*|token\w*|\w*key|bearer|basic|auth\w*)[\"']?\s*[=:\s]\s*)\S+"
)


class Times(msgspec.Struct, frozen=True):
    """Seconds that a plugin may take, and one that may ask a person."""

    alone: float = 30.0
    asking: float = 180.0


class Credential(msgspec.Struct, frozen=True):
    """What a plugin gave: a token, or a certificate with its key, or both.

    ``hidden`` is what else identifies us elsewhere, and must be in no output.
    """

    token: str = ""
    certificate: str = ""
    key: str = ""
    hidden: tuple[str, ...] = ()


class _Status(msgspec.Struct, frozen=True, gc=False):
    token: str = ""
    clientCertificateData: str = ""  # noqa: N815 - the field's name in the API
    clientKeyData: str = ""  # noqa: N815 - the field's name in the API


class _Told(msgspec.Struct, frozen=True, gc=False):
    apiVersion: str = ""  # noqa: N815 - the field's name in the API
    status: _Status | None = None


_decode_told = msgspec.json.Decoder(_Told).decode


def run_plugin(
    spec: Mapping[str, Any], cluster: Mapping[str, Any], folder: Path, times: Times
) -> Credential:
    """Ask a plugin who we are; never by a shell. ``folder`` is that of the kubeconfig.

    Raises:
        CollectionError: it is not there, failed, took too long, or gave no credentials.
    """
    command, arguments, version = _command(spec)
    if os.sep in command and not os.path.isabs(command):  # noqa: PTH117 - a text, as execve wants it
        command = str(folder / command)
    asking = _may_ask(spec, command)
    info: dict[str, Any] = {"interactive": asking}
    if spec.get("provideClusterInfo"):
        info["cluster"] = _cluster(cluster)
    value = {"apiVersion": version, "kind": "ExecCredential", "spec": info}
    environment = {
        **os.environ,
        **_variables(spec),
        "KUBERNETES_EXEC_INFO": json.dumps(value, default=str),
    }
    seconds = times.asking if asking else times.alone
    with _ONE_QUESTION if asking else contextlib.nullcontext():
        out = _run([command, *arguments], environment, seconds, spec, asking=asking)
    return _credential(out, command, version)


def _command(spec: Mapping[str, Any]) -> tuple[str, list[str], str]:
    command, version = spec.get("command"), spec.get("apiVersion")
    if not isinstance(command, str) or not command:
        raise CollectionError("the exec plugin has no command", hint="see exec in the kubeconfig")
    if version not in VERSIONS:
        raise CollectionError(
            f"the plugin {command} is of apiVersion {version}, not {' or '.join(VERSIONS)}",
            hint="update the plugin, and let it write the kubeconfig again",
        )
    arguments = spec.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(each, str) for each in arguments):
        raise CollectionError(
            f"the args of the plugin {command} are not a list of strings",
            hint="put them into quotes",
        )
    return command, arguments, str(version)


def _variables(spec: Mapping[str, Any]) -> dict[str, str]:
    items = spec.get("env") or []
    found = {}
    for item in items if isinstance(items, list) else [items]:
        name, value = (item.get("name"), item.get("value")) if isinstance(item, dict) else ("", "")
        if not (isinstance(name, str) and isinstance(value, str) and name) or "=" in name:
            raise CollectionError(
                f"env of the plugin {spec.get('command')} is not a list of names and values",
                hint="each entry has a name and a value, both texts",
            )
        found[name] = value
    return found


def _may_ask(spec: Mapping[str, Any], command: str) -> bool:
    """Whether the plugin may talk to a person: as ``interactiveMode`` says, on a terminal.

    What it then says goes there by itself, and never to a file.
    """
    mode = spec.get("interactiveMode") or "IfAvailable"
    terminal = all(each is not None and each.isatty() for each in (sys.stdin, sys.stderr))
    if mode == "Always" and not terminal:
        raise CollectionError(
            f"the plugin {command} wants to ask a person, and there is no terminal",
            hint="run auditor on a terminal, or use a service account's token",
        )
    return terminal and mode != "Never"


def _cluster(cluster: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: cluster[name] for name in _CLUSTER if name in cluster}
    path = cluster.get("certificate-authority")
    if path and "certificate-authority-data" not in found:
        with contextlib.suppress(OSError):
            data = read_named(Path(str(path)), MOST_BYTES)
            found["certificate-authority-data"] = base64.b64encode(data).decode()
    extensions = cluster.get("extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if isinstance(extension, dict) and extension.get("name") == _CONFIG:
            found["config"] = extension.get("extension")
    return found


def _run(
    line: list[str],
    environment: Mapping[str, str],
    seconds: float,
    spec: Mapping[str, Any],
    *,
    asking: bool,
) -> bytes:
    """Run to the end, and no longer than it may; whoever it started ends with it."""
    command = line[0]
    try:
        process = subprocess.Popen(  # noqa: S603 - what the kubeconfig names, as kubectl would run it
            line,
            env=environment,
            stdin=None if asking else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if asking else subprocess.PIPE,
            start_new_session=not asking,
        )
    except (OSError, ValueError) as error:
        told = spec.get("installHint")
        hint = told if isinstance(told, str) and told.strip() else f"install {command}"
        why = getattr(error, "strerror", None) or "it has a character that no command may have"
        raise CollectionError(
            f"the plugin {command} can't be run: {why}", hint=" ".join(redact_text(hint).split())
        ) from None
    try:
        out, said = _heard(process, seconds)
    except _TooMuchError:
        _kill(process, asking=asking)
        raise CollectionError(
            f"the plugin {command} printed more than {_MOST_SAID >> 20} MiB",
            hint=f"run {command} by itself: it must print an ExecCredential and end",
        ) from None
    except subprocess.TimeoutExpired:
        _kill(process, asking=asking)
        raise CollectionError(
            f"the plugin {command} did not end within {seconds:g} s",
            hint=f"run {command} by itself: does it wait for a person or a network?",
        ) from None
    except BaseException:  # an interrupt as well: a plugin does not outlive who asked it
        _kill(process, asking=asking)
        raise
    if process.returncode:
        raise CollectionError(
            f"the plugin {command} ended with code {process.returncode}",
            hint=f"run {command} by itself: it says why",
            diagnostics=_redacted(_given(spec).without(said or b"")),
        )
    return out


class _TooMuchError(Exception):
    """A plugin printed more than it may."""


def _heard(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    """What a plugin prints until it ends, and the end of what it says to people.

    Raises:
        TimeoutExpired: it did not end in time.
        _TooMuchError: it printed more than any credential is long.
    """
    end = time.monotonic() + seconds
    out, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for pipe, heard in ((process.stdout, out), (process.stderr, said)):
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ, heard)
        while waiting.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, seconds)
            for key, _ in waiting.select(left):
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    waiting.unregister(key.fileobj)
                key.data.extend(piece)
            del said[:-_PIECE]
            if len(out) > _MOST_SAID:
                raise _TooMuchError
    process.wait(max(0.0, end - time.monotonic()))
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return bytes(out), bytes(said)


def _kill(process: subprocess.Popen[bytes], *, asking: bool) -> None:
    """End it and whom it started; a pipe that somebody else holds is not waited for."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if asking:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _given(spec: Mapping[str, Any]) -> Own:
    """The secrets that the kubeconfig gives to a plugin, which may say them again."""
    named = [value for name, value in _variables(spec).items() if is_secret_name(name)]
    arguments = [each for each in spec.get("args") or () if redact_text(each) != each]
    return Own([*named, *(each.partition("=")[2] for each in arguments)])


def _redacted(said: bytes) -> str:
    """The end of what a plugin said, for the eyes of who ran it, without what looks secret."""
    lines = said.decode("utf-8", "replace").strip().splitlines()[-3:]
    text = " ".join(" ".join(lines).split())
    text = " ".join(redact_text(word) for word in text.split(" "))
    return _ASSIGNED.sub(r"\1«redacted»", redact_text(text))[-_LONGEST:]


def _credential(out: bytes, command: str, version: str) -> Credential:
    try:
        told = _decode_told(out)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = _Told()
    status = told.status or _Status()
    whole = bool(status.clientCertificateData) and bool(status.clientKeyData)
    if told.apiVersion != version or not (status.token.strip() or whole):
        raise CollectionError(
            f"the plugin {command} gave no credentials of {version}",
            hint=f"run {command} by itself: it must print an ExecCredential",
        )
    token = header_value(status.token, f"the token of the plugin {command}", HINT)
    return Credential(token, status.clientCertificateData, status.clientKeyData)
