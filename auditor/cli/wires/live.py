"""The collectors of live targets, and the readers of what they kept: by the scheme of a URI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from auditor.cli.wires.settings import CollectorOptions
from auditor.errors import UsageError
from auditor.evidence.layout import Collected
from auditor.platforms.docker import DOCKER
from auditor.platforms.images import IMAGES
from auditor.platforms.kubernetes import KUBERNETES
from auditor.platforms.vsphere import VSPHERE
from auditor.policy.cachefile import CacheFolder
from auditor.ports import Bodies, Collector, Live, together

if TYPE_CHECKING:
    from collectors.docker.host.framing import Printed
    from collectors.http.patience import Patience


def _patience(settings: CollectorOptions) -> Patience:
    from collectors.http.patience import Patience

    return Patience() if settings.timeout is None else Patience(target=settings.timeout)


def _cluster(text: str, settings: CollectorOptions) -> Live:
    from auditor.analysis.controlplane import naming as of_control_planes
    from auditor.analysis.gpu import naming as of_gpus
    from auditor.analysis.nodes import naming as of_nodes
    from collectors.kubernetes.live.address import parse_address

    address = parse_address(text)
    try:
        from collectors.http.clock import system_clock
        from collectors.kubernetes.live.collector import LiveCollector
    except ImportError as error:
        raise UsageError(
            f"{text}: {error.name} is not installed", hint="pip install auditor installs it"
        ) from error
    return LiveCollector(
        address,
        settings.kubeconfig,
        system_clock(),
        _patience(settings),
        references=together(of_control_planes.REFERENCES, of_gpus.REFERENCES, of_nodes.REFERENCES),
    )


def _pages(collected: Collected, bodies: Bodies) -> Collector:
    from collectors.kubernetes.live.pages import PagesCollector

    return PagesCollector(collected.entry, bodies, collected.records)


def _host(text: str, settings: CollectorOptions) -> Live:
    from collectors.docker.host.remote import SECONDS
    from collectors.docker.live.address import parse_address
    from collectors.docker.live.beneath import Beneath
    from collectors.docker.live.collector import DockerCollector
    from collectors.docker.live.contexts import Surroundings
    from collectors.http.clock import system_clock

    around = Surroundings(**msgspec.structs.asdict(settings.docker))
    return DockerCollector(
        parse_address(text),
        around,
        settings.path,
        system_clock(),
        _patience(settings),
        Beneath(
            used=not settings.no_host,
            printed=_printed(settings.host_probes),
            seconds=min(SECONDS, settings.timeout or SECONDS),
        ),
    )


def _printed(files: Iterable[Path]) -> tuple[Printed, ...]:
    """What a script printed on some hosts."""
    from auditor.bounded import read_named
    from collectors.docker.host.framing import MOST_BYTES, FramingError, parse

    found = []
    for file in files:
        try:
            found.append(parse(read_named(file, MOST_BYTES)))
        except (OSError, FramingError) as error:
            raise UsageError(
                f"--host-probes {file}: {getattr(error, 'strerror', None) or error}",
                hint="it is what the script of auditor permissions docker --script prints",
            ) from error
    return tuple(found)


def _answers(collected: Collected, bodies: Bodies) -> Collector:
    from collectors.docker.live.answers import AnswersCollector

    return AnswersCollector(collected.entry, bodies, collected.records)


def _vcenter(text: str, settings: CollectorOptions) -> Live:
    from collectors.http.clock import system_clock
    from collectors.vsphere.live.address import parse_address
    from collectors.vsphere.live.collector import VsphereCollector
    from collectors.vsphere.live.session import Access

    access = Access(**msgspec.structs.asdict(settings.vsphere))
    return VsphereCollector(parse_address(text), access, system_clock(), _patience(settings))


def _objects(collected: Collected, bodies: Bodies) -> Collector:
    from collectors.vsphere.live.answers import AnswersCollector

    return AnswersCollector(collected.entry, bodies, collected.records)


def _images(text: str, settings: CollectorOptions) -> Live:
    from collectors.http.clock import system_clock
    from collectors.images.contents.target import ContentTarget

    _, _, path = text.partition("://")
    if not path or path.partition("/")[0] == "trivy":
        raise UsageError(
            f"{text}: images are scanned that other targets use",
            hint="auditor scan TARGET --images, or images:///srv/app.tar for what lies there",
        )
    seconds = {} if settings.timeout is None else {"seconds": settings.timeout}
    return ContentTarget(Path(path), system_clock(), **seconds)


def scanner(
    users: Iterable[str],
    images: Iterable[tuple[str, str]],
    clock: Callable[[], str],
    memory: CacheFolder | None,
    named: Mapping[str, Any],
    tables: Mapping[str, Iterable[Mapping[str, object]]],
) -> Live:
    """The target of images that some targets use, each with its digest where that is known.

    ``users`` are the URIs of those targets, ``memory`` keeps what came of a digest, ``named`` are
    the options of the user, ``tables`` those of the policy, which has what is never run.
    """
    from collectors.images.scanning.target import Options, Scan, TrivyTarget
    from collectors.images.scanning.versions import refused_by

    scans = tuple(Scan(reference, digest) for reference, digest in images)
    options = Options(**named, refused=refused_by(tables))
    return TrivyTarget(tuple(users), scans, options, clock, memory)


def _scanned(collected: Collected, bodies: Bodies) -> Collector:
    from collectors.images.scanning.answers import ReportsCollector

    return ReportsCollector(collected.entry, bodies, collected.records)


def own_targets(settings: CollectorOptions) -> Iterator[tuple[str, str]]:
    """Targets that a user has set up, each with what it is; only files are looked at."""
    for file in filter(None, settings.kubeconfig.split(":")):
        if Path(file).is_file():
            yield "k8s://", f"the cluster of the current context of {file}"
            break
    if settings.docker.host or Path("/var/run/docker.sock").exists():
        yield "docker://", "the engine of the current context"


COLLECTORS: Final[Mapping[str, Callable[[str, CollectorOptions], Live]]] = MappingProxyType(
    {
        **dict.fromkeys(KUBERNETES.schemes, _cluster),
        **dict.fromkeys(DOCKER.schemes, _host),
        **dict.fromkeys(VSPHERE.schemes, _vcenter),
        **dict.fromkeys(IMAGES.schemes, _images),
    }
)
"""Who asks a target."""

READERS: Final[Mapping[str, Callable[[Collected, Bodies], Collector]]] = MappingProxyType(
    {
        **dict.fromkeys(KUBERNETES.schemes, _pages),
        **dict.fromkeys(DOCKER.schemes, _answers),
        **dict.fromkeys(VSPHERE.schemes, _objects),
        **dict.fromkeys(IMAGES.schemes, _scanned),
    }
)
"""Who reads what was kept of its answers."""

OWN: Final = frozenset({"k8s", "k8s+incluster", "docker"})
"""Schemes whose targets are names in settings of the user."""
