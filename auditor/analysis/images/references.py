"""Which image a reference leads to, as engines and clusters read it.

::

    nginx                          docker.io/library/nginx:latest
    team/app:1                     docker.io/team/app:1
    r.io:5000/app@sha256:ab…       r.io:5000/app, the digest sha256:ab…
    docker-pullable://r.io/app@…   the same: what a pod's status says
    Harbor/app                     the host Harbor, and harbor/app is docker.io/harbor/app:
                                   ``findings/capitals-make-a-registry.sh``

Source: https://github.com/distribution/reference (normalize.go).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

_HUB: Final = "docker.io"
_HUBS: Final = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_DIGEST: Final = "sha256:"


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A repository with its registry, a tag and a digest; "" is for what it has not."""

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The name with its tag, "" where there is none."""
        return f"{self.repository}:{self.tag}" if self.tag else ""


@lru_cache(4_096)
def parsed(text: str) -> Reference:
    """Read a reference to an image; of what is none something comes that no image is called."""
    _, _, text = text.rpartition("://")
    rest, _, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    path = f"{head}{slash}{last}"
    first, slash, below = path.partition("/")
    if not slash or not (set(".:") & set(first) or first == "localhost" or first != first.lower()):
        first, below = _HUB, path
    if first in _HUBS:
        first = _HUB
    if first == _HUB and "/" not in below:
        below = f"library/{below}"
    if not digest and not tag:
        tag = "latest"
    return Reference(f"{first}/{below}", tag, digest if digest.startswith(_DIGEST) else "")


def digests_in(text: str) -> tuple[str, str]:
    """What a pod's status says of its image: the digest of its manifest, its id; "" for neither."""
    _, _, text = text.rpartition("://")
    if text.startswith(_DIGEST):
        return "", text
    _, _, digest = text.partition("@")
    return (digest if digest.startswith(_DIGEST) else ""), ""
