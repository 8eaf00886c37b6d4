"""What a kubelet serves on its port, by Kubernetes' own code, beside an API server; no pods."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.engines.apiserver import LOOPBACK, ApiServer
from tests.engines.cache import EngineUnavailableError
from tests.engines.golang import PATIENT

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
WEBHOOK = {
    "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
    "authorization": {
        "mode": "Webhook",
        "webhook": {"cacheAuthorizedTTL": "1ms", "cacheUnauthorizedTTL": "1ms"},
    },
}
"""The API server says who asks and what they may, each time anew."""


@contextmanager
def kubelet(
    binary: Path,
    server: ApiServer,
    folder: Path,
    authority: trustme.CA,
    settings: Mapping[str, object] = WEBHOOK,
    node: str = "gpu-7",
) -> Iterator[int]:
    """Serve a node on the loopback, with a certificate of an authority; yield the port.

    Raises:
        EngineUnavailableError: it does not start, with what it said.
    """
    folder.mkdir(parents=True)
    about = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    written = {"settings": folder / "settings.json", "certificate": folder / "node.pem"}
    written["settings"].write_text(json.dumps({**about, **settings}))
    own = authority.issue_cert(LOOPBACK)
    own.private_key_and_cert_chain_pem.write_to_path(str(written["certificate"]))
    named = {
        **written,
        "key": written["certificate"],
        "node": node,
        "server": server.url,
        "token": server.token,
        "authority": server.authority,
    }
    command = [str(binary), *(f"-{name}={value}" for name, value in named.items())]
    log = folder / "kubelet.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env={"HOME": "/nonexistent", **PATIENT},
        ) as process,
    ):
        try:
            yield _port(process, log)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
    line = process.stdout.readline() if ready else b""
    if not line.strip().isdigit():
        raise EngineUnavailableError(f"kubelet did not start: {log.read_text(errors='replace')}")
    return int(line)
