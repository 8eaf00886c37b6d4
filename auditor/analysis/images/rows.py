"""What is taken of objects that run images, and of documents about images.

=============================  ====================================================================
object                         what is taken of it
=============================  ====================================================================
pod template                   the images of its containers; none of one that a controller made
Pod                            the same for its controller, with the digests that its status has
docker/Container               the image's name and id
docker/Workload                the images of services, in a swarm or in a compose file
docker/Image                   which digests and names an id has
image/Files                    which files have the setuid or setgid bit
image/…                        the document; of a report only faults that are critical or high
=============================  ====================================================================

An owner that uses an image is one row, whatever the number of its pods and containers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis import facts
from auditor.analysis.bodies import decoded
from auditor.analysis.images.references import digests_in, parsed
from auditor.analysis.protocol import Row, Site
from auditor.model.images import (
    Database,
    Fault,
    Files,
    Identity,
    Report,
    Sbom,
    Signature,
    Statements,
)
from auditor.model.resource import Owner, Resource
from auditor.platforms.docker import CONTAINER, IMAGE, WORKLOAD
from auditor.platforms.images import DATABASE, FILES, REPORT, SBOM, SIGNATURE, STATEMENTS
from auditor.platforms.kubernetes import controlled_by, is_built_in

POD: Final = "k8s/Pod"
DOCUMENTS: Final = frozenset({REPORT, SBOM, STATEMENTS, SIGNATURE, DATABASE})
USERS: Final = frozenset({facts.KIND, POD, CONTAINER, WORKLOAD, IMAGE})
READS: Final = DOCUMENTS | USERS

KNOWN, USED = "0", "1"
"""What keys begin with, in the order in which they come."""
USE: Final = "use"
"""The tag of rows that are combined."""
WORST: Final = ("critical", "high")
_ENDED: Final = frozenset({"Succeeded", "Failed"})
_encode = msgspec.json.encode


class Use(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An image that an owner uses; ``rank`` is 0 where the owner itself says so."""

    image: str
    by: str
    rank: int = 0
    digests: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class Head(msgspec.Struct, frozen=True, gc=False):
    """What a report is found by: its faults wait until it is needed."""

    image: Identity
    created: str = ""


class _Container(msgspec.Struct, gc=False):
    """A field of another type than it should be has to leave the others: YAML reads ``n`` as no."""

    name: object = None
    image: object = None


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None
    ephemeral_containers: list[_Container] | None = None

    @property
    def every(self) -> Iterable[_Container]:
        """All containers."""
        three = (self.init_containers, self.containers, self.ephemeral_containers)
        return (each for some in three for each in some or ())


class _Template(msgspec.Struct, gc=False):
    spec: _Spec | None = None


class _State(msgspec.Struct, gc=False):
    name: str = ""
    image_id: str = msgspec.field(default="", name="imageID")


class _Status(msgspec.Struct, gc=False, rename="camel"):
    phase: str | None = None
    container_statuses: list[_State] | None = None
    init_container_statuses: list[_State] | None = None
    ephemeral_container_statuses: list[_State] | None = None

    @property
    def every(self) -> Iterable[_State]:
        """The states of all containers."""
        three = (
            self.init_container_statuses,
            self.container_statuses,
            self.ephemeral_container_statuses,
        )
        return (each for some in three for each in some or ())


class _Pod(msgspec.Struct, gc=False):
    spec: _Spec | None = None
    status: _Status | None = None


class _Config(msgspec.Struct, gc=False, rename="pascal"):
    image: str = ""


class _DockerContainer(msgspec.Struct, gc=False, rename="pascal"):
    image: str = ""
    config: _Config | None = None


class _Workload(msgspec.Struct, gc=False):
    form: str = ""
    image: str | None = None


class _Image(msgspec.Struct, gc=False, rename="pascal"):
    id: str = ""
    repo_digests: list[str] | None = None
    repo_tags: list[str] | None = None


_DOCUMENTS: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        SBOM: Sbom,
        STATEMENTS: Statements,
        SIGNATURE: Signature,
        DATABASE: Database,
        FILES: Files,
    }
)
decode_head: Final = msgspec.json.Decoder(Head).decode
decode_identity: Final = msgspec.json.Decoder(Identity).decode
decode_use: Final = msgspec.json.Decoder(Use).decode
_decode_template: Final = msgspec.json.Decoder(_Template).decode
_decode_pod: Final = msgspec.json.Decoder(_Pod).decode
_decode_container: Final = msgspec.json.Decoder(_DockerContainer).decode
_decode_workload: Final = msgspec.json.Decoder(_Workload).decode
_decode_image: Final = msgspec.json.Decoder(_Image).decode
_decode_report: Final = msgspec.json.Decoder(Report).decode


def rows_of(resource: Resource, site: Site) -> Iterator[Row]:
    """Take what one object says of images; nothing of what is not as it should be.

    What is malformed of an object the rules about its own kind say.
    """
    try:
        yield from _READERS[resource.kind](resource, site)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return


def heads_of(document: Resource, site: Site) -> Iterator[Row]:
    """Take of a document, where it is a report, which image it is about, and no more."""
    if document.kind != REPORT:
        return
    try:
        head = decode_head(document.body)
    except (msgspec.DecodeError, RecursionError):
        return
    yield Row((KNOWN, REPORT), REPORT, site.origin(document), _encode(head))


def combined(one: Row, other: Row) -> Row:
    """Put together what is known of one use; it stands where its owner says it."""
    first, second = sorted((one, other), key=_order)
    ours, theirs = decode_use(first.body), decode_use(second.body)
    both = Use(
        ours.image,
        ours.by,
        ours.rank,
        tuple(sorted({*ours.digests, *theirs.digests})),
        tuple(sorted({*ours.ids, *theirs.ids})),
    )
    return msgspec.structs.replace(first, body=_encode(both))


def _order(row: Row) -> tuple[int, str, str, int, str]:
    place = row.read_at
    rank = decode_use(row.body).rank
    return rank, place.name, place.source, place.document, place.pointer


def _of_template(template: Resource, site: Site) -> Iterator[Row]:
    owner = template.parent or template
    if owner.kind == POD or (
        owner.controller is not None
        and is_built_in(owner.controller.api_version, owner.controller.kind)
    ):
        return
    found = _decode_template(template.body)
    by = f"{facts.plain_kind(owner)} {owner.namespace}/{owner.name}".replace(" /", " ")
    for image in _images(found.spec):
        yield _use(owner, site, Use(image, by))


def _images(spec: _Spec | None) -> Iterable[str]:
    """The images of a template, each once; one that nobody can read yet is none."""
    found = (each.image for each in (spec.every if spec is not None else ()))
    return dict.fromkeys(each for each in found if isinstance(each, str) and each)


def _of_pod(pod: Resource, site: Site) -> Iterator[Row]:
    found = _decode_pod(pod.body)
    status = found.status or _Status()
    if status.phase in _ENDED:
        return
    owner = controlled_by(pod)
    by, rank = _called(pod if owner is None else owner), int(owner is not None)
    states = {each.name: each.image_id for each in status.every}
    for each in found.spec.every if found.spec is not None else ():
        if isinstance(each.image, str) and each.image:
            seen = states.get(each.name, "") if isinstance(each.name, str) else ""
            digest, known = digests_in(seen)
            digests, ids = (digest,) if digest else (), (known,) if known else ()
            yield _use(pod, site, Use(each.image, by, rank, digests, ids))


def _called(of: Resource | Owner) -> str:
    kind = facts.plain_kind(of) if isinstance(of, Resource) else of.kind
    return f"{kind} {of.namespace}/{of.name}".replace(" /", " ")


def _of_container(container: Resource, site: Site) -> Iterator[Row]:
    found = _decode_container(container.body)
    image = found.config.image if found.config is not None else ""
    if image or found.image:
        ids = (found.image,) if found.image else ()
        name = f"container {container.name}"
        yield _use(container, site, Use(image or found.image, name, ids=ids))


def _of_workload(workload: Resource, site: Site) -> Iterator[Row]:
    found = _decode_workload(workload.body)
    if found.form != "container" and found.image:
        yield _use(workload, site, Use(found.image, f"service {workload.name}"))


def _of_image(image: Resource, site: Site) -> Iterator[Row]:
    """Yield which digests an id has: of an image that no registry saw they prove nothing."""
    found = _decode_image(image.body)
    digests = [each.partition("@")[2] for each in found.repo_digests or ()]
    known = Identity(tuple(digests), found.id, tuple(found.repo_tags or ()))
    yield Row((KNOWN, IMAGE), IMAGE, site.origin(image), _encode(known))


def _of_document(document: Resource, site: Site) -> Iterator[Row]:
    body = _encode(msgspec.convert(decoded(document), _DOCUMENTS[document.kind]))
    yield Row((KNOWN, document.kind), document.kind, site.origin(document), body)


def _of_report(report: Resource, site: Site) -> Iterator[Row]:
    """Yield a report without the faults that no rule is about, and without how it was made.

    What made it, and who runs in it, have analyses of their own
    (:mod:`auditor.analysis.images.builds`, :mod:`auditor.analysis.images.setups`).
    """
    found = _decode_report(report.body)
    faults: tuple[Fault, ...] = tuple(each for each in found.faults if each.severity in WORST)
    less = msgspec.structs.replace(
        found, faults=faults, history=(), environment=(), user=None, health=None
    )
    body = _encode(less)
    yield Row((KNOWN, REPORT), REPORT, site.origin(report), body)


def _use(resource: Resource, site: Site, use: Use) -> Row:
    owner = (site.target.uri, use.by)
    name = parsed(use.image)
    key = (USED, name.repository, use.image, *owner)
    return Row(key, USE, site.origin(resource), _encode(use))


_READERS: Final[MappingProxyType[str, Callable[[Resource, Site], Iterator[Row]]]] = (
    MappingProxyType(
        {
            facts.KIND: _of_template,
            POD: _of_pod,
            CONTAINER: _of_container,
            WORKLOAD: _of_workload,
            IMAGE: _of_image,
            REPORT: _of_report,
            **dict.fromkeys(_DOCUMENTS, _of_document),
        }
    )
)
