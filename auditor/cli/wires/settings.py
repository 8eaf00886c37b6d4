"""What a person has set up that a collector needs: one value, whatever is read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from auditor.config import Config, DockerConfig, VsphereConfig


class CollectorOptions(msgspec.Struct, frozen=True):
    """Where a collector finds what a person has set up: ``kubeconfig`` is a file or a list.

    ``timeout`` is how many seconds to wait for one target, None for what its collector holds best.
    ``exclude`` are globs of what is left out of files and folders. ``path`` is where programs are,
    ``no_host`` says that of a Docker host only the engine is asked, ``host_probes`` are files that
    a script printed on such hosts. ``labels`` are what a person calls the target besides. ``own``
    are real paths of files that the run itself goes by or writes.
    """

    kubeconfig: str = ""
    timeout: float | None = None
    exclude: tuple[str, ...] = ()
    docker: DockerConfig = DockerConfig()
    path: str = ""
    no_host: bool = False
    host_probes: tuple[Path, ...] = ()
    vsphere: VsphereConfig = VsphereConfig()
    labels: tuple[tuple[str, str], ...] = ()
    own: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        config: Config,
        kubeconfig: str,
        timeout: float | None,
        exclude: tuple[str, ...] = (),
        *,
        no_host: bool = False,
        host_probes: tuple[Path, ...] = (),
        own: frozenset[str] = frozenset(),
    ) -> CollectorOptions:
        """Take what the environment says where the command line does not."""
        return cls(
            kubeconfig=kubeconfig or config.kubeconfig,
            timeout=timeout,
            exclude=exclude,
            docker=config.docker,
            path=config.path,
            no_host=no_host,
            host_probes=host_probes,
            vsphere=config.vsphere,
            own=own,
        )
