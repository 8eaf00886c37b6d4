"""npm's own verifier of Sigstore bundles, in a folder of the engine cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError

PACKAGES = ("@sigstore/verify@3.1.1", "@sigstore/bundle@4.0.0")
SCRIPT = Path(__file__).parent / "sigstore" / "verify.mjs"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class SigstoreJs:
    """Node, and a folder with the packages and the script that calls them."""

    node: str
    folder: Path

    def verify(self, bundle: Path, key: Path) -> subprocess.CompletedProcess[str]:
        """Verify the signature in a bundle by a public key."""
        return subprocess.run(
            [self.node, self.folder / "verify.mjs", bundle, key],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )


def find_sigstore_js() -> SigstoreJs:
    """Install the packages where they are not yet.

    Raises:
        EngineUnavailableError: there is no Node, or no registry.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise EngineUnavailableError("node and npm")
    folder = cache_folder(os.environ, SCRIPT.parent)
    if not (folder / "node_modules").exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        partial.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", partial, *PACKAGES],
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise EngineUnavailableError(f"npm install: {done.stderr[-500:]}")
        shutil.copy(SCRIPT, partial)
        if folder.exists():
            shutil.rmtree(partial)
        else:
            partial.rename(folder)
    return SigstoreJs(node, folder)
