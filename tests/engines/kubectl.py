"""The kubectl of the development requirements: what a manifest means, without a cluster."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cache import EngineUnavailableError
from tests.engines.golang import PATIENT


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The binary and an empty folder that serves as its home, so that no configuration is read."""

    binary: Path
    home: Path

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run to the end and return what it printed; a failure is the caller's to judge."""
        return subprocess.run(
            [str(self.binary), *arguments],
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            cwd=self.home,
            env={
                "HOME": str(self.home),
                "PATH": "/usr/bin:/bin",
                "KUBECONFIG": "/dev/null",
                **PATIENT,
            },
        )

    def decode(self, manifest: bytes) -> subprocess.CompletedProcess[bytes]:
        """Read a manifest as every kubectl command does and print its objects as JSON.

        An empty patch applied on this side only: no server is asked, nothing is added.
        """
        return self.run(
            "patch", "--local", "--type=json", "-p=[]", "-o=json", "-f=-", stdin=manifest
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """What kubectl made of one document: its JSON value, or the error that it printed."""

    value: object
    error: str = ""


def decode_each(kubectl: Kubectl, documents: Sequence[bytes]) -> list[Decoded]:
    """Read many manifests with few processes; each is one object that is not a List.

    kubectl prints the objects up to the first that it can't read, then ends with the error: what
    follows is asked again.
    """
    found: list[Decoded] = []
    while len(found) < len(documents):
        answer = kubectl.decode(b"\n---\n".join(documents[len(found) :]))
        found += [Decoded(value) for value in _values(answer.stdout.decode())]
        if answer.returncode != 0:
            found.append(Decoded(None, answer.stderr.decode().strip()))
        elif len(found) != len(documents):
            raise AssertionError(f"{len(documents)} documents gave {len(found)} objects")
    return found


def _values(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        yield value
        position = end + 1  # each is followed by a line end


def find_kubectl(home: Path) -> Kubectl:
    """The binary beside this Python, else the one on the path.

    Raises:
        EngineUnavailableError: there is none.
    """
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        raise EngineUnavailableError("kubectl: install the development requirements")
    return Kubectl(Path(found), home)
