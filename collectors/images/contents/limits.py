"""What is read of images at most, and what it is called where one is more or something else."""

from __future__ import annotations

from typing import Final

DOCUMENT: Final = 4 << 20
"""Bytes of a manifest, an index or a configuration."""
IMAGES: Final = 100
"""Images of one archive or layout."""
LAYERS: Final = 500
"""Layers of one image; engines make 127 at most."""
UNPACKED: Final = 64 << 30
"""Bytes of all layers of one image, unpacked."""
ENTRIES: Final = 2_000_000
"""Files of one layer, or parts of an archive."""
SPECIAL: Final = 10_000
"""Files of one image with the bits that are looked for."""
LINKS: Final = 200_000
"""Hard links of one image, with what they link to."""
SYMLINKS: Final = 1_000_000
"""Symbolic links of one image."""
HELD: Final = 1 << 27
"""Characters of the names of one image that are remembered, each folder of a file by its path."""
SECONDS: Final = 900.0
"""For all images of one archive or layout."""


class ContentError(Exception):
    """What lies here can't be read as an image."""


class MalformedError(ContentError):
    """It is not what it says that it is."""


class TooLargeError(ContentError):
    """There is more of it than is read."""


class UnsupportedError(ContentError):
    """It is in a form that is not read."""
