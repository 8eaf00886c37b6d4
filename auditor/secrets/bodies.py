"""Bodies as they may be kept: whoever keeps one asks for a :class:`CleanBody` or makes it one.

::

    sink.add(record, answer.body)            bytes: looked through here, whole
    sink.add(record, vouched(body, found))   looked through on the way, part by part

A collector that does nothing is safe. To look through 20,000 pods a second time would take a
third of the time of reading them, so one that has cleaned what it hands over can say so; it has to
call :func:`vouched` for that, which nobody does by forgetting something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import msgspec

from auditor.model.evidence import Redaction
from auditor.secrets.hints import may_hold_secret
from auditor.secrets.json_texts import redact_json
from auditor.secrets.marks import marker
from auditor.secrets.redact import clean, redact, redact_text
from auditor.secrets.redactions import MARK, Commit, redactions

_KEY: Final = object()
_UNREADABLE: Final = marker("unreadable")
"""In place of what is neither JSON nor a text: nobody can say whether a secret is in it."""
_BOM: Final = "\ufeff"
_check = msgspec.json.Decoder(msgspec.Raw).decode
_decode = msgspec.json.decode


@final
class CleanBody:
    """A body without secrets, and where they were left out; only this module makes one."""

    __slots__ = ("data", "redactions")

    def __init__(self, key: object, data: bytes, left_out: tuple[Redaction, ...]) -> None:
        """Refuse to be called from elsewhere.

        Raises:
            TypeError: it was.
        """
        if key is not _KEY:
            raise TypeError("clean_body() and vouched() make bodies that may be kept")
        self.data = data
        self.redactions = left_out


def vouched(data: bytes, left_out: Sequence[Redaction] = ()) -> CleanBody:
    """Declare that every part of a body was looked through by this package on its way."""
    return CleanBody(_KEY, data, tuple(left_out))


def clean_body(raw: bytes, commit: Commit | None = None) -> CleanBody:
    """Make a body fit to be kept, whatever it is: JSON, a text, or nothing that can be read.

    Of JSON each byte that is not a secret stays; it may be any number of values, one a line. What
    is not text is replaced as a whole: its reader reports then that it can't be understood.
    ``commit`` is how to commit to what is left out, None when nobody asks.
    """
    try:
        data, before, after = _cleaned(raw)
    except (UnicodeError, RecursionError):
        return CleanBody(_KEY, _UNREADABLE.encode(), (Redaction("", ("unreadable",)),))
    left_out = redactions(after, before, commit or _uncommitted) if data is not raw else ()
    return CleanBody(_KEY, data, tuple(left_out))


class Cleaner:
    """Leaves secrets out of JSON, as an API server understands it: without its nulls.

    ``commit`` is how to commit to them, None when nobody asks.
    """

    def __init__(self, commit: Commit | None) -> None:
        self._commit = commit

    def always(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """JSON without secrets and without its nulls, and what was left out."""
        found = clean(raw)
        if self._commit is None or MARK not in found:
            return found, ()
        before, after = msgspec.json.decode(raw), msgspec.json.decode(found)
        return found, tuple(redactions(after, before, self._commit))

    def cleaned(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """JSON without secrets: as it is when there are none."""
        return self.always(raw) if may_hold_secret(raw) else (raw, ())


def _cleaned(raw: bytes) -> tuple[bytes, Any, Any]:
    """The bytes that may be kept, the value as it was and the value as it is kept.

    Raises:
        UnicodeError: it is not text.
        RecursionError: it is nested too deeply to be looked through.
    """
    if _is_json(raw):
        data = _json(raw)
        return (raw, None, None) if data is raw else (data, _decode(raw), _decode(data))
    lines = raw.splitlines(keepends=True)
    if len(lines) > 1 and all(_is_json(line) for line in lines if line.strip()):
        data = b"".join(_json(line) if line.strip() else line for line in lines)
        return (raw if data == raw else data), raw.decode(), data.decode()
    text = raw.decode()
    if "\0" in text:
        raise UnicodeError("a text has no NUL in it")
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    made = redact_text(text)
    return (raw if made is text else (mark + made).encode()), text, made


def _json(raw: bytes) -> bytes:
    """JSON without secrets; itself when it has none."""
    if not may_hold_secret(raw):
        return raw
    text = raw.decode()
    made = redact_json(text, redact)
    return raw if made is text or made is None else made.encode()


def _is_json(raw: bytes) -> bool:
    try:
        _check(raw)
        raw.decode()  # whoever decodes no part of it does not look at its text
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _uncommitted(value: str) -> str:
    del value
    return ""
