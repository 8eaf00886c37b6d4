"""What was read: targets, resources, evidence, and the gaps between them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from auditor.model.enums import GapCause

STDIN: Final = "-"
"""The source of what came on standard input."""
OF_FILES: Final = "files"
"""The uid of each target of files."""


class Excluded(msgspec.Struct, frozen=True, order=True):
    """A kind that rules are about and that is not read by design, which is not a gap."""

    kind: str
    reason: str


class Target(msgspec.Struct, frozen=True):
    """One thing to audit.

    ``uri`` is what a person typed, made canonical; ``uid`` goes into fingerprints and must survive
    a move to another machine: for files it is :data:`OF_FILES`, since the paths below it
    already tell resources apart; for a cluster the uid of its ``kube-system`` namespace.
    ``principal`` is who asked, as the target sees it, ``notes`` what is to be said of how it was
    read. ``place`` is the folder where what was read before is kept, "" for what is read now.
    ``labels`` are what a person calls it besides, by their names.
    """

    uri: str
    uid: str
    version: str = ""
    principal: str = ""
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    place: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Owner(msgspec.Struct, frozen=True, gc=False):
    """The object that a derived resource belongs to, or that controls a resource.

    ``templated``: it was read itself, and holds one pod template that all its pods are made of.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""
    templated: bool = False


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What a finding is counted with when it is not the resource itself: its controller.

    ``kind`` is as rules call it; ``templated`` as in :class:`Owner`.
    """

    kind: str
    namespace: str
    name: str
    uid: str = ""
    templated: bool = False


class Resource(msgspec.Struct, frozen=True, gc=False):
    """One object as read, or one fact derived from such objects.

    ``kind`` is ``k8s/Deployment`` for built-in groups, ``k8s/RayCluster.ray.io`` for others.
    ``body`` is JSON bytes: immutable, cheap to hash, and decoded only as far as rules read it.
    ``source`` is the file relative to its target (or the API request), ``document`` the index of
    the YAML document or list item in it, ``line`` its first line (0: none).
    ``pointer`` is where ``body`` stands in the object of the document, for derived resources:
    the value at pointer ``anchor`` of the body is the value at ``pointer`` of that object.
    ``elsewhere`` are the pointers of the body whose values stand in other places of that object, or
    are derived and stand nowhere (None).
    ``part`` tells apart the derived resources of one object, "" where it can have only one.
    ``heuristic`` marks a resource that was recognised by its shape, not by a declared path.
    ``clean`` is false while ``body`` is as it was read, and nothing else has to be said of it: who
    shows it to rules decodes it by :func:`auditor.secrets.redact.decode`, which is once for each
    distinct slice, and who keeps it passes it through :func:`auditor.secrets.redact.clean`. True is
    for a reader that left secrets out on the way because it has the parts of the text at hand, as
    that of YAML. It saves the decoder the work, and is not a permission: a run looks through such a
    body once more (:mod:`auditor.runner.cleaning`), at some hundred megabytes a second.
    ``partial``: it only changes another object, as a patch does. What is not written in it says
    nothing. ``rendered`` is the folder that it was rendered from: then ``source`` and ``line`` are
    those of its template. "" is what was read as it stands. ``files`` are fields, by their pointers
    in the object of the document, that stand in another file than what is above them.
    """

    kind: str
    api_version: str
    name: str
    namespace: str
    uid: str
    source: str
    document: int
    line: int
    body: bytes
    labels: tuple[tuple[str, str], ...] = ()
    controller: Owner | None = None
    pointer: str = ""
    anchor: str = ""
    elsewhere: tuple[tuple[str, str | None], ...] = ()
    part: str = ""
    parent: Resource | None = None
    heuristic: bool = False
    clean: bool = False
    partial: bool = False
    rendered: str = ""
    files: tuple[tuple[str, str], ...] = ()

    def file_of(self, pointer: str) -> str:
        """The file that the field at a pointer stands in, or what is nearest above it."""
        nearest, found = -1, self.source
        for start, file in self.files:
            inside = pointer == start or pointer.startswith(f"{start}/")
            if inside and len(start) > nearest:
                nearest, found = len(start), file
        return found

    @property
    def is_kept(self) -> bool:
        """Whether a file holds it: not what came on standard input, or was generated.

        What was rendered of an object in a file has the line of that.
        """
        return self.source != STDIN and (not self.rendered or self.line > 0)

    def in_source(self, pointer: str) -> str | None:
        """Return where a pointer of the body stands in the object of the document it was read from.

        None for a value that was derived and stands nowhere.
        """
        for start, there in self.elsewhere:
            if pointer == start or pointer.startswith(start + "/"):
                return None if there is None else there + pointer[len(start) :]
        if pointer == self.anchor or pointer.startswith(self.anchor + "/"):
            return self.pointer + pointer[len(self.anchor) :]
        return self.pointer


class Gap(msgspec.Struct, frozen=True, gc=False, order=True):
    """A thing that should have been read and was not.

    ``scope`` is a resource kind (``k8s/NetworkPolicy``), or a path relative to the target when it
    is not known which kinds a file would have held, or the target's own URI. ``detail`` says what
    happened, ``hint`` what to do. ``line`` is the place in the file, 0 if none. ``namespace`` is
    the one that was not read, "" when it was none in particular.
    """

    target: str
    scope: str
    cause: GapCause
    detail: str
    hint: str = ""
    line: int = 0
    namespace: str = ""

    @property
    def everything(self) -> bool:
        """Whether it is over all of a live target, or of its namespace.

        A file can be a target of its own: what is missing of it leaves the rest.
        """
        return self.scope == self.target and "://" in self.target


MOST_NAMED: Final = 20
"""How many of a kind are named in results; the others are counted."""


class Some(msgspec.Struct, frozen=True):
    """How many there are of something, and the names of the first."""

    count: Annotated[int, Meta(ge=0)]
    named: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)]

    @classmethod
    def of(cls, names: Collection[str]) -> Some:
        """All of them, in their order; no more than :data:`MOST_NAMED` by name."""
        return cls(len(names), tuple(sorted(names)[:MOST_NAMED]))


NONE_OF_IT: Final = Some(0, ())


class LeftOut(msgspec.Struct, frozen=True):
    """What one glob of ``--exclude`` left out of a target.

    ``files`` are those that would have been read by their names; a folder that can't be listed
    counts as one. ``entries`` are the files and folders that the glob itself matched, where there
    is such a file in them.
    """

    glob: str
    files: Annotated[int, Meta(ge=0)]
    entries: Some


class PassedOver(msgspec.Struct, frozen=True):
    """What of a target of files was not read, for what it is called, which is not a gap.

    ``hidden`` are folders whose names begin with a dot, ``linked`` are links to what is read in its
    own place. ``suffixes`` counts files that are not called as manifests are, by how their names
    end; "" for those without a suffix. ``excluded`` is what a person left out, by each glob.
    """

    hidden: Some = NONE_OF_IT
    linked: Some = NONE_OF_IT
    suffixes: tuple[tuple[str, int], ...] = ()
    excluded: tuple[LeftOut, ...] = ()

    @property
    def files(self) -> int:
        """How many files were passed over."""
        return sum(number for _, number in self.suffixes)

    @property
    def excluded_files(self) -> int:
        """How many files ``--exclude`` left out."""
        return sum(each.files for each in self.excluded)


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One answered query: for a file, its path, size and the sha256 of its bytes.

    ``taken_as`` says how the bytes were taken where another file decides that, as a patch for one:
    what was found in them is remembered by both. "" is what they are by themselves. ``how`` says to
    people how they were made, where another program made them.
    """

    target: str
    request: str
    sha256: str
    size: int
    taken_as: str = ""
    how: str = ""

    @property
    def key(self) -> str:
        """What is found in the bytes depends on, besides their path."""
        return f"{self.sha256}{self.taken_as}"
