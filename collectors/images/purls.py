"""What a package URL of an image says: ``pkg:oci/app@sha256:…?repository_url=r.io/app&tag=1``.

Source: https://github.com/package-url/purl-spec, type ``oci``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, unquote

from auditor.model.images import Identity

_OCI: Final = "pkg:oci/"
_DIGEST: Final = "sha256:"
_NOBODY: Final = Identity()


def is_image(purl: str) -> bool:
    """Whether a package URL is of an image."""
    return purl.startswith(_OCI)


def identity_of(purls: Iterable[str], more: Identity = _NOBODY) -> Identity:
    """Put together which image some package URLs are of; those of other things say nothing."""
    digests, names = list(more.digests), list(more.names)
    for purl in purls:
        if is_image(purl):
            rest, _, query = purl.removeprefix(_OCI).partition("?")
            _, _, version = rest.partition("@")
            asked = parse_qs(query, max_num_fields=32)
            repository, tag = asked.get("repository_url", [""])[0], asked.get("tag", [""])[0]
            digests.append(unquote(version))
            names.append(f"{repository}:{tag}" if repository and tag else "")
    known = tuple(dict.fromkeys(each for each in digests if each.startswith(_DIGEST)))
    return Identity(known, more.id, tuple(dict.fromkeys(each for each in names if each)))
