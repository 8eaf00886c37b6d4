"""``python -m tests.recorded.generate``: make ``examples/gpu-host`` anew.

It is what a person gets who asks such a host from another machine::

    auditor permissions docker --script | ssh gpu-1 sudo sh > gpu-1.probes
    auditor collect docker://gpu-1 --host-probes gpu-1.probes --output examples/gpu-host
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.command import Ran, auditor
from tests.e2e.forks import ROOT
from tests.faults.server import serving
from tests.recorded.beneath import below, printed
from tests.recorded.gpu_host import KERNEL, NAME, confined, engine

PLACE: Final = ROOT / "examples" / "gpu-host"
TIME: Final = "2026-11-30T05:58:12Z"


def collected(place: Path, scratch: Path) -> Ran:
    """Collect the host by the command line, over a socket that a context of Docker names."""
    socket, probes = scratch / "d.sock", scratch / "gpu-1.probes"
    probes.write_bytes(printed(below(NAME, KERNEL, TIME, confined())))
    digest = hashlib.sha256(NAME.encode()).hexdigest()
    meta = scratch / "docker" / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    host = {"Host": f"unix://{socket}", "SkipTLSVerify": False}
    meta.write_text(json.dumps({"Name": NAME, "Endpoints": {"docker": host}}))
    with serving(engine, path=socket):
        return auditor(
            *("collect", f"docker://{NAME}", "--host-probes", probes, "--output", place),
            env={"DOCKER_CONFIG": str(scratch / "docker")},
        )


def main() -> None:
    """Write the folder."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        done = collected(made, Path(scratch))
        sys.stdout.write(done.out + done.err)
        if done.code:
            raise SystemExit(done.code)
        shutil.rmtree(PLACE, ignore_errors=True)
        shutil.copytree(made, PLACE)


if __name__ == "__main__":
    main()
