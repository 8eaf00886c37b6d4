"""An archive or a layout with images, as a target: how they were made, which files run as others.

::

    images:///srv/app.tar      what docker save, podman save or skopeo copy wrote
    images://build/layout      a folder that is an OCI layout

What is kept is what was found, so that it is judged again without the files. Of each image there
are two parts, its configuration and its files. One that can't be read whole is a gap, and nothing
of it is kept: part of a list would be taken for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from auditor.errors import CollectionError
from auditor.model.enums import ANSWERED, Answered
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.images import Configuration, Files
from auditor.model.resource import Gap
from auditor.platforms.images import CONFIGURATION, FILES, HERE, SCHEME
from auditor.ports import Examination, Sink
from collectors.http.clock import Clock
from collectors.images.contents.examining import FAULTS, cause_of, examined, name_of
from collectors.images.contents.limits import SECONDS, UNPACKED, ContentError
from collectors.images.contents.places import Archive, Folder, Place, is_regular
from collectors.images.contents.reading import Found, configuration_in, files_of, images_in
from collectors.images.contents.unpacking import Budget

_Part = Configuration | Files
_HINT: Final = "docker save, podman save or skopeo copy write one; a folder has an OCI layout"


@dataclass(frozen=True, slots=True)
class ContentTarget:
    """Implements :class:`auditor.ports.Live` for what lies at a path, within some seconds."""

    path: Path
    clock: Clock
    seconds: float = SECONDS

    @property
    def uri(self) -> str:
        """What this target is called."""
        return f"{SCHEME}://{self.path}"

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Read all images: their configurations, and layers where files are of ``kinds``.

        Raises:
            CollectionError: it has none that can be found.
        """
        kinds = HERE & {CONFIGURATION, *kinds}
        started, end = self._now(), self.clock.monotonic() + self.seconds
        gaps: list[Gap] = []
        with self._images() as (place, found):
            for number, image in enumerate(found):
                progress(number, len(found))
                gaps += self._read(place, image, kinds, number, end, sink)
        return TargetEntry(
            uri=self.uri,
            uid=self._uid,
            version="",
            authority="",
            principal=Principal(""),
            started=started,
            ended=self._now(),
            kinds=tuple(sorted(kinds)),
            gaps=tuple(sorted(gaps)),
        )

    def examine(self, kinds: frozenset[str], scratch: Path) -> Examination:
        """Say which images there are, and what can be read of them; no layer is read.

        Raises:
            CollectionError: it has none that can be found.
        """
        del scratch
        with self._images() as (place, images):
            found = examined(place, images, HERE & kinds, _HINT)
        return Examination(
            uri=self.uri,
            server=str(self.path.absolute()),
            uid=self._uid,
            version="",
            principal=Principal(""),
            skew=None,
            reads=found.reads,
            excluded=(),
            told=found.told,
        )

    @property
    def _uid(self) -> str:
        return f"images:{self.path.name}"

    @contextmanager
    def _images(self) -> Iterator[tuple[Place, list[Found]]]:
        """Find the images of the place, and say why there are none."""
        try:
            with _opened(self.path) as place:
                yield place, images_in(place)
        except (ContentError, msgspec.DecodeError, RecursionError, OSError) as error:
            raise CollectionError(f"{self.path}: {error}", hint=_HINT) from error

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _read(
        self,
        place: Place,
        image: Found,
        kinds: frozenset[str],
        number: int,
        end: float,
        sink: Sink,
    ) -> Iterator[Gap]:
        """Read the parts of one image, and keep what was found of each."""
        budget = Budget(UNPACKED, end, self.clock.monotonic)
        named = name_of(image)
        parts: tuple[tuple[str, str, Callable[[], _Part]], ...] = (
            (CONFIGURATION, "configuration of", lambda: configuration_in(place, image)),
            (FILES, "headers of the layers of", lambda: files_of(place, image, budget)),
        )
        for at, (kind, what, read) in enumerate(parts, 1 + number * len(parts)):
            if kind not in kinds:
                continue
            started = self._now()
            record = Record(at, kind, "", f"{what} {named}", started, started, Answered.OK)
            try:
                found = read()
            except FAULTS as error:
                cause, detail = cause_of(error), f"{named}: {error}"
                yield Gap(self.uri, kind, cause, detail, _HINT)
                sink.add(self._ended(record, ANSWERED[cause], detail, kept=False), None)
            else:
                body = msgspec.json.encode(found)
                sink.add(self._ended(record, Answered.OK, "", kept=True), body)

    def _ended(self, record: Record, answered: Answered, detail: str, *, kept: bool) -> Record:
        return msgspec.structs.replace(
            record,
            ended=self._now(),
            answered=answered,
            detail=detail,
            count=int(kept),
            complete=kept,
        )


@contextmanager
def _opened(path: Path) -> Iterator[Place]:
    if not is_regular(path):
        yield Folder(path)
        return
    with path.open("rb") as file:
        yield Archive(file)
