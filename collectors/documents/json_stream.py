"""The values of a text of JSON: one, or many behind one another, such as JSON lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from auditor.model.enums import GapCause
from collectors.documents.guards import NotParsed, Unreadable, decode, too_deep
from collectors.documents.json_positions import Positions
from collectors.documents.json_text import beginning, spans
from collectors.documents.ledger import Ledger

Look: TypeAlias = Callable[[bytes], object]
"""Decodes a value as far as somebody needs: :mod:`collectors.documents.recognise` has more."""

Value: TypeAlias = tuple[bytes, int, object]
"""A value, where it begins, and what the look made of it; None for a field of an odd type."""

_MARKS: Final = (b"", b"---")
"""Lines between values that say nothing: kubectl cuts a stream of YAML there."""

_BYTE = re.compile(r" \(byte (\d+)\)$")


class NoJson(Exception):  # noqa: N818 - the text may still be YAML
    """The text is not valid JSON; says why, with the line."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.detail)
        self.reason = reason


def refused(error: msgspec.DecodeError, start: int, positions: Positions) -> Unreadable:
    """What a decoder says of a value that begins there, with the line."""
    match = _BYTE.search(str(error))
    line = positions.line_at(start + int(match[1]) if match is not None else start)
    return NotParsed(GapCause.MALFORMED, _BYTE.sub("", str(error)), line=line)


class Stream:
    """Cuts one text into its values."""

    def __init__(
        self, ledger: Ledger, data: bytes, positions: Positions, look: Look, *, alone: bool
    ) -> None:
        """``alone``: what is not JSON in the text is nothing else either."""
        self._look = look
        self._ledger = ledger
        self._data = data
        self._positions = positions
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
            whole = self._look(data)
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
                whole = self._look(raw)
            except msgspec.ValidationError:
                yield raw, start, None
            except msgspec.DecodeError as reason:
                if number == 0:
                    raise NoJson(refused(error, 0, self._positions)) from error
                self._ledger.add(refused(reason, start, self._positions))
            except RecursionError:
                self._ledger.add(too_deep(self._positions.line_at(start)))
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
                line = self._positions.line_at(start - len(between.lstrip()))
                odd = NotParsed(GapCause.MALFORMED, "text between values of JSON", line=line)
                if not self._alone:
                    raise NoJson(odd)
                self._ledger.add(odd)
            at = end
