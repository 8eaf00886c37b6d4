"""What a storage has to be able to do, that bundles and reports are written to and read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol


class Store(Protocol):
    """Where bytes go to, and come from, that are in no file system; by the scheme of a URI.

    An object is there whole or not at all. Who asks is said by the environment of the user, never
    by a URI, and no secret of it is in an error.
    """

    def check(self, uri: str, /) -> None:
        """Raise a UsageError where a URI names nothing; nobody is asked."""
        ...

    def try_writing(self, uri: str, *, replace: bool) -> None:
        """Find out whether :meth:`put` could write there, and leave nothing behind.

        Raises a RenderError where it could not, a UsageError where something is there and must not
        be replaced.
        """
        ...

    def put(self, file: BinaryIO, uri: str, *, replace: bool) -> None:
        """Write what is in a file, from its beginning; raises as :meth:`try_writing`."""
        ...

    def get(self, uri: str, file: BinaryIO, most: int) -> None:
        """Copy an object of at most so many bytes into a file.

        Raises a UsageError where it is not there, larger, or can't be read.
        """
        ...

    def matching(self, pattern: str, most: int) -> Sequence[str]:
        """The URIs that a pattern with a ``*`` stands for, sorted; at most so many.

        Raises a UsageError where there are more, or they can't be listed.
        """
        ...
