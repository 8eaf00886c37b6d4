"""Facts about images that several documents tell of, and gaps where these do not agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from auditor.model.enums import GapCause
from auditor.model.fact import Fact, Origin
from auditor.model.resource import Gap


def fact_of(
    kind: str, body: msgspec.Struct, key: tuple[str, ...], subject: Origin, *related: Origin
) -> Fact:
    """Make a fact about the ``image`` that a body names; none of its fields stands anywhere."""
    fields: Mapping[str, object] = msgspec.to_builtins(body)
    return Fact(
        kind=kind,
        key=key,
        body=msgspec.json.encode(body),
        subject=subject,
        related=related,
        elsewhere=tuple((f"/{name}", None) for name in fields),
        draws_on=tuple(dict.fromkeys((each.target, "") for each in (subject, *related))),
        part=str(fields["image"]),
    )


def doubts_of(
    kind: str, image: str, origins: Collection[Origin], said: str, hint: str
) -> Iterator[Gap]:
    """Yield a gap for each target whose word on an image does not agree with another's."""
    places = " and ".join(dict.fromkeys(map(_place, origins)))
    detail = f"{image}: {places} {said}"
    for target in dict.fromkeys(each.target for each in origins):
        yield Gap(target, kind, GapCause.MALFORMED, detail, hint)


def _place(origin: Origin) -> str:
    return origin.target if "://" in origin.target else origin.source
