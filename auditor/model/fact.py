"""A fact that was derived of many objects, and where each of its parts was read."""

from __future__ import annotations

from sys import intern

import msgspec


class Origin(msgspec.Struct, frozen=True, gc=False):
    """An object that something was derived of.

    ``target`` is the URI of its target, ``target_uid`` what stands for that in fingerprints.
    ``source``, ``document`` and ``line`` are as in :class:`auditor.model.resource.Resource`,
    ``pointer`` is where in the object it was read, ``digest`` the sha256 of the source. ``lines``
    are those of the fields that a finding may point to, by their JSON pointers; ``rendered`` is as
    in a resource.
    """

    target: str
    target_uid: str
    kind: str
    namespace: str
    name: str
    uid: str
    source: str
    document: int
    line: int
    digest: str
    pointer: str = ""
    lines: tuple[tuple[str, int], ...] = ()
    rendered: str = ""

    def line_of(self, pointer: str) -> int:
        """The line of the field at a pointer, or of the nearest one above it that is known."""
        known = dict(self.lines)
        while pointer:
            if pointer in known:
                return known[pointer]
            pointer = pointer.rpartition("/")[0]
        return self.line

    def sharing(self) -> Origin:
        """The same, with one text for what origins have in common: who holds many needs less."""
        return msgspec.structs.replace(
            self,
            target=intern(self.target),
            target_uid=intern(self.target_uid),
            kind=intern(self.kind),
            namespace=intern(self.namespace),
            digest=intern(self.digest),
            lines=tuple([(intern(field), line) for field, line in self.lines]),
        )

    @property
    def identity(self) -> str:
        """What tells it from all others of a run."""
        path = path_of(self.kind, self.namespace, self.name, self.uid, self.rendered or self.source)
        return f"{self.target_uid}\0{path}"


def path_of(kind: str, namespace: str, name: str, uid: str, source: str) -> str:
    """The path of an object: by its file, or its place, where no server has given it an identity.

    A place begins with a slash, as no identity of a server does.
    """
    by_place = uid.startswith((f"{source}#", "/"))
    return uid if by_place else f"{kind}/{namespace}/{name}"


class Spot(msgspec.Struct, frozen=True, gc=False):
    """Where a value of a fact was read: a JSON pointer in one of its origins.

    ``of`` is 0 for the subject, n for the n-th of the related.
    """

    of: int
    pointer: str


class Fact(msgspec.Struct, frozen=True, gc=False):
    """What an analysis derived of many objects: a body that rules judge.

    ``key`` names it among the facts of its kind; of a fact of a target it is only told apart
    there. ``subject`` is whose finding it is, ``related`` are the others that it was derived of.
    The body stands at the pointer of the subject, but for what ``elsewhere`` has: pointers in the
    body to where those values were read, None for what was counted or concluded.
    ``draws_on`` are the targets, by URI, and the namespaces in them ("" for all) that could have
    something of it, () for all targets; what was not read there leaves rules without a verdict.
    ``by_key`` is for what is of no one object, such as a version that many have: its subject is the
    first of them, and its findings keep their fingerprint when another comes first.

    A fact of one object that others complete is a part of its subject, as in
    :class:`auditor.model.resource.Resource`: ``part``, ``heuristic``. Its findings stand for as
    many as it ``covers``, and ``rank`` is how the place of their lines begins
    (:mod:`auditor.engine.lines`).
    """

    kind: str
    key: tuple[str, ...]
    body: bytes
    subject: Origin
    related: tuple[Origin, ...] = ()
    elsewhere: tuple[tuple[str, Spot | None], ...] = ()
    draws_on: tuple[tuple[str, str], ...] = ()
    part: str = ""
    heuristic: bool = False
    rank: str = "0"
    covers: int = 1
    by_key: bool = False

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The subject, and the related ones."""
        return (self.subject, *self.related)

    def spot(self, pointer: str) -> Spot | None:
        """Where the value at a pointer of the body was read; None when it stands nowhere."""
        for start, found in self.elsewhere:
            if pointer == start or pointer.startswith(start + "/"):
                return (
                    None if found is None else Spot(found.of, found.pointer + pointer[len(start) :])
                )
        return Spot(0, self.subject.pointer + pointer)
