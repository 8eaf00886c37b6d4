"""What is inside of images: reports of scanners, SBOMs, statements about faults, signatures.

A document that somebody made elsewhere is read as one of the kinds in :data:`READ`, whichever
platform runs the image. What they come to, image by image and owner by owner, are the facts.
"""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "image/"
SCHEME: Final = "images"
REPORT: Final = "image/Report"
SBOM: Final = "image/Sbom"
STATEMENTS: Final = "image/Statements"
SIGNATURE: Final = "image/Signature"
DATABASE: Final = "image/Database"
FILES: Final = "image/Files"
"""What the headers of layers say, of an image that lies here."""
CONFIGURATION: Final = "image/Configuration"
"""What its configuration says: who runs in it, what made it."""
HERE: Final = frozenset({FILES, CONFIGURATION})
"""What is read of images that lie here."""
READ: Final = frozenset({REPORT, SBOM, STATEMENTS, SIGNATURE, DATABASE})
"""What is read of documents."""

SCANNED: Final = "image/Scanned"
USED: Final = "image/Use"
CONTENT: Final = "image/Content"
SETUP: Final = "image/Setup"
FACTS: Final = frozenset({SCANNED, USED, CONTENT, SETUP})

IMAGES: Final = Platform(
    name="images",
    schemes=(SCHEME,),
    prefix=PREFIX,
    follows=True,
    kinds=READ | FACTS | HERE,
    facts=FACTS,
    written=READ,
    writing="of images are image/Scanned, image/Use, image/Content and image/Setup",
)
