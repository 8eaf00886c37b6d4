"""Which images the targets of a run use, as a scanner is asked for them: each once.

::

    r.io/app:1 of a pod whose status says sha256:ab…    r.io/app@sha256:ab…
    r.io/app:1 of a manifest                            r.io/app:1
    a container of an engine, by its id                 the digests that the engine has of it
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.analysis.images import rows
from auditor.analysis.images.references import parsed
from auditor.analysis.protocol import Groups
from auditor.late import late
from auditor.model.images import Identity
from auditor.platforms.docker import IMAGE

_NAME: Final = late(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}", re.ASCII)
_decode_identity: Final = msgspec.json.Decoder(Identity).decode


def images_of(groups: Groups) -> Iterator[tuple[str, str]]:
    """Yield what a scanner is asked for, with the digest where it is known, in order.

    What no image can be called is left out: it can't run either.
    """
    engines: dict[str, Identity] = {}
    found: dict[str, str] = {}
    for key, group in groups:
        for row in group:
            if row.tag == IMAGE:
                identity = _decode_identity(row.body)
                engines[identity.id] = identity
            elif key[0] == rows.USED:
                use = rows.decode_use(row.body)
                known = [
                    digest
                    for each in use.ids
                    if each in engines
                    for digest in engines[each].digests
                ]
                found.update(_of(use, known))
    yield from sorted(found.items())


def _of(use: rows.Use, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    reference = parsed(use.image)
    digests = sorted({reference.digest, *use.digests, *known} - {""})
    asked = [(f"{reference.repository}@{each}", each) for each in digests]
    return (each for each in asked or [(use.image, "")] if _NAME.fullmatch(each[0]))
