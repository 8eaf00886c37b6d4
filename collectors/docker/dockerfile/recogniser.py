"""Dockerfiles, by what they are called."""

from __future__ import annotations

import posixpath
from typing import Final

from auditor.late import late
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import (
    TAKES_NOTHING,
    Content,
    DocumentReader,
    FileNames,
    Recogniser,
)

_OTHER: Final = (
    r"dockerignore|md|txt|rst|ya?ml|json|toml|sh|py|rb|js|go|bak|orig|rej|swp|old"
    r"|j2|jinja2?|tmpl|tpl|template|in|erb|mustache|m4"
)
"""How names end of what stands beside a Dockerfile, or becomes one."""
NAMED: Final = late(
    rf"(?i:(?:dockerfile|containerfile)(?:[.\-_](?!.*\.(?:{_OTHER})\Z)(?!(?:{_OTHER})\Z).+)?"
    r"|.+\.(?:dockerfile|containerfile))"
)


class Dockerfiles(Recogniser):
    """Takes a file that is called as Dockerfiles are."""

    names = FileNames(patterns=(NAMED,))

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take a Dockerfile as a whole."""
        if NAMED.fullmatch(posixpath.basename(ledger.source)) is None:
            return None
        from collectors.docker.dockerfile.content import (  # noqa: PLC0415 - where there is one
            DockerfileContent,
        )

        return DockerfileContent(ledger, data)

    def may_be_in(self, text: str) -> bool:
        """Return false: what is not called so is none."""
        del text
        return False

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed: none of its documents is a Dockerfile."""
        del ledger
        return TAKES_NOTHING


DOCKERFILES: Final = Dockerfiles()
