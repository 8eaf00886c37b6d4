"""The values of a text of JSON: one, or many behind one another, such as JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from auditor.model.enums import GapCause
from collectors.documents.guards import Unreadable, decode, too_deep
from collectors.documents.json_positions import Places
from collectors.documents.json_text import spans
from collectors.documents.ledger import Ledger
from collectors.kubernetes.manifests.json_heads import Page, beginning, opened

Value: TypeAlias = tuple[bytes, int, Page | list[msgspec.Raw] | None]
"""A value, where it begins, and what it is as far as its members; None for an odd object."""

_MARKS: Final = (b"", b"---")
"""Lines between values that say nothing: kubectl cuts a stream of YAML there."""

_BYTE = re.compile(r" \(byte (\d+)\)$")


class NoJson(Exception):  # noqa: N818 - the text may still be YAML
    """The text is no JSON; says why, with the line."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.detail)
        self.reason = reason


def refused(error: msgspec.DecodeError, start: int, places: Places) -> Unreadable:
    """What a decoder says of a value that begins there, with the line."""
    match = _BYTE.search(str(error))
    line = places.line_at(start + int(match[1]) if match is not None else start)
    return Unreadable(GapCause.MALFORMED, _BYTE.sub("", str(error)), line=line)


class Stream:
    """Cuts one text into its values."""

    def __init__(self, ledger: Ledger, data: bytes, places: Places, *, alone: bool) -> None:
        """``alone``: what is no JSON in the text is nothing else either."""
        self._ledger = ledger
        self._data = data
        self._places = places
        self._alone = alone

    def values(self) -> Iterator[Value]:
        """Every value that can be read; the others are gaps.

        Raises:
            NoJson: before anything is yielded.
            Unreadable: no UTF-8, or nested too deeply.
        """
        data = self._data
        if not data.isascii():
            decode(data)
        start = beginning(data)
        try:
            whole = opened(data)
        except msgspec.ValidationError:
            yield data.strip(), start, None
        except msgspec.DecodeError as error:
            yield from self._many(error)
        except RecursionError as error:
            raise too_deep() from error
        else:
            yield data, start, whole

    def _many(self, error: msgspec.DecodeError) -> Iterator[Value]:
        """Several values; each stands for itself."""
        values = list(spans(self._data))
        self._refuse_text(values)
        for number, (start, end) in enumerate(values):
            raw = self._data[start:end]
            try:
                whole = opened(raw)
            except msgspec.ValidationError:
                yield raw, start, None
            except msgspec.DecodeError as reason:
                if number == 0:
                    raise NoJson(refused(error, 0, self._places)) from error
                self._ledger.add(refused(reason, start, self._places))
            except RecursionError:
                self._ledger.add(too_deep(self._places.line_at(start)))
            else:
                yield raw, start, whole

    def _refuse_text(self, values: Sequence[tuple[int, int]]) -> None:
        """Tell of text between values, which may be objects in YAML; marks of documents are none.

        Raises:
            NoJson: the text may be read in another way.
        """
        at = 0
        for start, end in (*values, (len(self._data), 0)):
            between = self._data[at:start]
            text = between.strip()
            if text and any(line.strip() not in _MARKS for line in text.splitlines()):
                line = self._places.line_at(start - len(between.lstrip()))
                odd = Unreadable(GapCause.MALFORMED, "text between values of JSON", line=line)
                if not self._alone:
                    raise NoJson(odd)
                self._ledger.add(odd)
            at = end
