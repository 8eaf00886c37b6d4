"""The only place that knows concrete collectors and report formats."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from auditor.analysis.analyses import Table
from auditor.analysis.network.questions import Question
from auditor.analysis.table import analyses
from auditor.config import Config, DockerConfig, VsphereConfig
from auditor.errors import UsageError
from auditor.evidence.layout import Collected
from auditor.exports.admission import ApiResource
from auditor.model.resource import STDIN, Target
from auditor.platforms import PLATFORMS, Platforms
from auditor.platforms.docker import DOCKER
from auditor.platforms.kubernetes import KUBERNETES
from auditor.platforms.vsphere import VSPHERE
from auditor.ports import Bodies, Collector, Examined, Live, ReportFormat, RolePlan, together
from reports.style import Style

if TYPE_CHECKING:
    from collectors.docker.host.framing import Printed
    from collectors.documents.recognise import Recogniser
    from collectors.http.patience import Patience


class CollectorOptions(msgspec.Struct, frozen=True):
    """Where a collector finds what a person has set up: ``kubeconfig`` is a file or a list.

    ``timeout`` is how many seconds to wait for one target, None for what its collector holds best.
    ``exclude`` are globs of what is left out of files and folders. ``path`` is where programs are,
    ``no_host`` says that of a Docker host only the engine is asked, ``host_probes`` are files that
    a script printed on such hosts. ``labels`` are what a person calls the target besides.
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
    ) -> CollectorOptions:
        """Take what the environment says where the command line does not."""
        chosen = kubeconfig or config.kubeconfig
        docker, path = config.docker, config.path
        return cls(chosen, timeout, exclude, docker, path, no_host, host_probes, config.vsphere)


def read_text(text: str) -> object:
    """Read a text as YAML, as kubectl does; a ReadFailure of the analyses says why not."""
    from auditor.analysis.texts import ReadFailure
    from collectors.documents.guards import Unreadable
    from collectors.documents.values import value_of

    try:
        return value_of(text)
    except Unreadable as error:
        return ReadFailure(error.detail)


def asking(asked: tuple[Question, ...]) -> Table:
    """The analyses, with questions about what can reach what."""
    return analyses(read_text, asked)


def _manifests() -> Recogniser:
    from collectors.kubernetes.manifests.recogniser import MANIFESTS

    return MANIFESTS


def _node_probes() -> Recogniser:
    from collectors.kubernetes.node.recogniser import NODE_PROBES

    return NODE_PROBES


def _managed() -> Recogniser:
    from collectors.kubernetes.managed.recogniser import ManagedClusters

    return ManagedClusters()


def _metrics() -> Recogniser:
    from collectors.kubernetes.metrics.recogniser import ApiServerMetrics

    return ApiServerMetrics()


def _flagz() -> Recogniser:
    from collectors.kubernetes.flagz.recogniser import Flagz

    return Flagz()


def _compose() -> Recogniser:
    from collectors.docker.compose.recogniser import COMPOSE

    return COMPOSE


def _dockerfiles() -> Recogniser:
    from collectors.docker.dockerfile.recogniser import DOCKERFILES

    return DOCKERFILES


def _inventories() -> Recogniser:
    from collectors.vsphere.saved.recogniser import INVENTORIES

    return INVENTORIES


def _files(
    text: str,
    settings: CollectorOptions,
    schemes: Collection[str],
    recognisers: Iterable[Callable[[], Recogniser]],
) -> Collector:
    from collectors.documents.collector import FilesCollector
    from collectors.documents.globs import Globs

    globs = Globs.of(settings.exclude)
    found = tuple(make() for make in recognisers)
    if text == STDIN:
        if sys.stdin.isatty():
            raise UsageError(
                "standard input is a terminal: there is nothing to read",
                hint="pipe manifests in: helm template . | auditor scan -",
            )
        data = sys.stdin.buffer.read()
        stdin = Target(STDIN, "files", labels=settings.labels)
        return FilesCollector(stdin, None, found, data)
    if not text:
        raise UsageError("a target is empty", hint="an unset variable? the working directory is .")
    path = Path(text)
    if not path.exists() and not path.is_symlink():
        scheme = text.rstrip(":/")
        hint = f"is {scheme}:// meant?" if scheme in schemes else "a target is a path or -"
        raise UsageError(f"{text}: no such file or folder", hint=hint)
    target = Target(text, "files", labels=settings.labels)
    return FilesCollector(target, path, found, globs=globs)


def _patience(settings: CollectorOptions) -> Patience:
    from collectors.http.patience import Patience

    return Patience() if settings.timeout is None else Patience(target=settings.timeout)


def _cluster(text: str, settings: CollectorOptions) -> Live:
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
        references=together(of_gpus.REFERENCES, of_nodes.REFERENCES),
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


def api_resource_of(kind: str) -> ApiResource | None:
    """What the API server calls a kind, None for what it does not have."""
    from collectors.kubernetes.resources import named

    found = named(kind) if kind.startswith("k8s/") else None
    return None if found is None else ApiResource(found.group, (found.resource,))


def api_resources() -> Mapping[str, tuple[str, bool]]:
    """The resources of Kubernetes itself: the group of each, and whether namespaces have it."""
    from collectors.kubernetes.resources import BUILT_IN

    return {each.resource: (each.group, each.namespaced) for each in BUILT_IN.values()}


def _kubernetes_role(plan: RolePlan) -> Iterator[str]:
    from collectors.kubernetes.permissions import role

    return role(plan)


def _socket_proxy(plan: RolePlan) -> Iterator[str]:
    from collectors.docker.permissions import role

    return role(plan)


def _look_script() -> str:
    from collectors.docker.host.script import script

    return script()


def _node_script() -> str:
    from collectors.kubernetes.node.script import script

    return script()


def _node_role(plan: RolePlan) -> Iterator[str]:
    from collectors.kubernetes.node.permissions import role

    return role(plan)


def _vsphere_role(plan: RolePlan) -> Iterator[str]:
    from collectors.vsphere.permissions import role

    return role(plan)


def own_targets(settings: CollectorOptions) -> Iterator[tuple[str, str]]:
    """Targets that a user has set up, each with what it is; only files are looked at."""
    for file in filter(None, settings.kubeconfig.split(":")):
        if Path(file).is_file():
            yield "k8s://", f"the cluster of the current context of {file}"
            break
    if settings.docker.host or Path("/var/run/docker.sock").exists():
        yield "docker://", "the engine of the current context"


def _terminal(style: Style) -> ReportFormat:
    from reports.terminal import renderer

    return renderer(style)


def _file(module: str, name: str = "render") -> Callable[[Style], ReportFormat]:
    """A format that is a function of a module, and looks the same on every screen."""

    def load(style: Style) -> ReportFormat:
        del style
        render: ReportFormat = getattr(importlib.import_module(module), name)
        return render

    return load


class Extra(msgspec.Struct, frozen=True):
    """What a format needs that is not always installed: a module, and the extra that brings it."""

    module: str
    name: str


class Wiring(msgspec.Struct, frozen=True):
    """All that the command line knows of platforms and formats: one line each in :data:`SHIPPED`.

    ``collectors`` and ``readers`` are by the scheme of a URI: of what is asked, and of what was
    asked before. ``recognisers`` make those who say which files are read and whose a document is;
    the first that takes one has it. ``roles`` write the least role that reads a platform,
    ``scripts`` what a person can run where we do not come to.
    ``formats`` are by the name used with ``-o``. ``own`` are the schemes whose targets are names in
    settings of the user: no address, so a configuration that nobody named may have them.
    ``extras`` are those of formats that need one.
    """

    platforms: Platforms
    analyses: Table
    collectors: Mapping[str, Callable[[str, CollectorOptions], Collector | Live]]
    readers: Mapping[str, Callable[[Collected, Bodies], Collector]]
    recognisers: tuple[Callable[[], Recogniser], ...]
    roles: Mapping[str, Callable[[RolePlan], Iterator[str]]]
    scripts: Mapping[str, Callable[[], str]]
    formats: Mapping[str, Callable[[Style], ReportFormat]]
    own: frozenset[str] = frozenset()
    extras: Mapping[str, Extra] = MappingProxyType({})

    def collector_for(self, text: str, settings: CollectorOptions) -> Collector | Live:
        """Find the collector of one target as typed: a path, ``-``, or a URI.

        Raises:
            UsageError: no collector reads such a target, or there is nothing at that path.
        """
        scheme, separator, _ = text.partition("://")
        if not separator:
            return _files(text, settings, self.collectors, self.recognisers)
        make = self.collectors.get(scheme)
        if make is None:
            known = ", ".join(f"{name}://" for name in self.collectors)
            raise UsageError(
                f"{text}: no collector reads {scheme}:// targets",
                hint=f"a target is a file, a folder or - for standard input; schemes: {known}",
            )
        return make(text, settings)

    def rendered(
        self, found: Collector | Live, path: str, scratch: Path, programs: Mapping[str, Any]
    ) -> Collector | Live:
        """Render what has to be of a target of files; others are as they are.

        ``path`` are folders of programs, ``programs`` the options of the user.

        Raises:
            CollectionError: the whole target can't be read.
            UsageError: a program or a file that was named is not there.
        """
        from collectors.documents.collector import FilesCollector
        from collectors.kubernetes.rendering.rendering import Options, render

        if not isinstance(found, FilesCollector):
            return found
        return render(found, Options(path, scratch, **programs))

    def reader_of(self, collected: Collected, bodies: Bodies) -> Collector:
        """Find the collector of a target that was read before; what was kept of files any can read.

        Raises:
            UsageError: it was read by a collector that this version does not have.
        """
        scheme, separator, _ = collected.entry.uri.partition("://")
        if not separator:
            from auditor.evidence.stored_files import StoredFilesCollector

            return StoredFilesCollector(collected.entry, bodies, collected.records)
        make = self.readers.get(scheme)
        if make is None:
            raise UsageError(
                f"{collected.entry.uri}: this version can't judge {scheme}:// targets",
                hint="evaluate it with the version that collected it",
            )
        return make(collected, bodies)

    def live_of(self, text: str, settings: CollectorOptions) -> Examined:
        """Find the collector of a live target that can be examined.

        Raises:
            UsageError: there is nothing to examine.
        """
        target = self.collector_for(text, settings)
        if not isinstance(target, Examined):
            raise UsageError(f"{text}: there is nothing to examine", hint="auditor doctor k8s://")
        return target


SHIPPED: Final = Wiring(
    platforms=PLATFORMS,
    analyses=analyses(read_text),
    collectors=MappingProxyType(
        {
            **dict.fromkeys(KUBERNETES.schemes, _cluster),
            **dict.fromkeys(DOCKER.schemes, _host),
            **dict.fromkeys(VSPHERE.schemes, _vcenter),
        }
    ),
    readers=MappingProxyType(
        {
            **dict.fromkeys(KUBERNETES.schemes, _pages),
            **dict.fromkeys(DOCKER.schemes, _answers),
            **dict.fromkeys(VSPHERE.schemes, _objects),
        }
    ),
    recognisers=(
        *(
            _manifests,
            _node_probes,
            _metrics,
            _flagz,
            _compose,
            _dockerfiles,
            _inventories,
            _managed,
        ),
    ),
    roles=MappingProxyType(
        {
            "k8s": _kubernetes_role,
            "node": _node_role,
            "docker": _socket_proxy,
            "vsphere": _vsphere_role,
        }
    ),
    own=frozenset({"k8s", "k8s+incluster", "docker"}),
    scripts=MappingProxyType({"docker": _look_script, "node": _node_script}),
    formats=MappingProxyType(
        {
            "terminal": _terminal,
            "json": _file("reports.results"),
            "html": _file("reports.html.page"),
            "sarif": _file("reports.sarif"),
            "junit": _file("reports.junit"),
            "markdown": _file("reports.markdown"),
            "csv": _file("reports.rows"),
            "gitlab": _file("reports.gitlab"),
            "github": _file("reports.github"),
            "github-summary": _file("reports.markdown", "render_summary"),
            "ocsf": _file("reports.ocsf"),
            "oscal": _file("reports.oscal"),
            "oscal-1.1": _file("reports.oscal", "render_older"),
            "openreports": _file("reports.policy_reports", "render_open"),
            "policyreport": _file("reports.policy_reports", "render_older"),
            "cyclonedx": _file("reports.cyclonedx"),
            "prometheus": _file("reports.prometheus"),
        }
    ),
)
"""What comes with the program."""


def wired() -> Wiring:
    """What the command that runs was started with."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Wiring) if context is not None else None
    return found or SHIPPED
