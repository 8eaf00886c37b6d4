"""A PKCS#11 token in software: SoftHSM 2, as installed or unpacked from Debian's packages."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.build import cache_folder
from tests.engines.cache import EngineUnavailableError

HERE = Path(__file__)
PACKAGES = ("softhsm2", "libsofthsm2", "softhsm2-common")
LABEL, PIN = "audit", "4711-0815"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """The tool and the module."""

    tool: Path
    module: Path

    def token(self, folder: Path) -> dict[str, str]:
        """A new token with a P-256 key of id 2; the environment that shows the way to it."""
        tokens, settings = folder / "tokens", folder / "softhsm2.conf"
        tokens.mkdir()
        settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
        environment = {"SOFTHSM2_CONF": str(settings), "PYKCS11LIB": str(self.module)}
        key = folder / "key.pem"
        made = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        _run([*made, "-out", key], {})
        common = ["--module", self.module, "--pin", PIN]
        create = ["--init-token", "--free", "--label", LABEL, "--so-pin", "1234-5678"]
        _run([self.tool, *common, *create], environment)
        put = ["--import", key, "--token", LABEL, "--label", "signer", "--id", "02"]
        _run([self.tool, *common, *put], environment)
        return environment


def find_softhsm() -> SoftHsm:
    """The installed one, else one from Debian's archive, unpacked into the engine cache.

    Raises:
        EngineUnavailableError: there is none, and this is not a Debian with an archive.
    """
    tool = shutil.which("softhsm2-util")
    modules = sorted(Path("/usr/lib").glob("**/softhsm/libsofthsm2.so"))
    if tool is not None and modules:
        return SoftHsm(Path(tool), modules[0])
    name = hashlib.sha256(HERE.read_bytes()).hexdigest()[:16]
    folder = cache_folder(os.environ).parent / f"softhsm-{name}"
    if not (folder / "usr").exists():
        _unpack(folder)
    found = sorted(folder.glob("usr/lib/**/softhsm/libsofthsm2.so"))
    if not found:
        raise EngineUnavailableError("softhsm2: its packages hold no module")
    return SoftHsm(folder / "usr" / "bin" / "softhsm2-util", found[0])


def _unpack(folder: Path) -> None:
    """Download without installing: no rights are needed, and nothing of the system changes."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise EngineUnavailableError("softhsm2")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    for each in ("lists/partial", "cache/archives/partial", "root"):
        (partial / each).mkdir(parents=True, exist_ok=True)
    places = [f"Dir::State::lists={partial / 'lists'}", f"Dir::Cache={partial / 'cache'}"]
    options = [part for place in (*places, "Debug::NoLocking=1") for part in ("-o", place)]
    _run(["apt-get", "-q", *options, "update"], {}, partial)
    _run(["apt-get", "-q", *options, "download", *PACKAGES], {}, partial)
    for package in sorted(partial.glob("*.deb")):
        _run(["dpkg", "-x", package, partial / "root"], {})
    if not folder.exists():
        (partial / "root").rename(folder)
    shutil.rmtree(partial, ignore_errors=True)


def _run(
    command: list[str | Path], environment: dict[str, str], folder: Path | None = None
) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=folder,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise EngineUnavailableError(f"softhsm2: {done.stderr[-500:] or done.stdout[-500:]}")
