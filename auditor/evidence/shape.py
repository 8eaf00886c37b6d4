"""What a manifest and a record may say: a closed set of names, each in its place and once.

A digest is put into paths and into results, and a folder of policy is read: neither may be anything
but what is written here, or a bundle could reach out of itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from auditor.errors import IntegrityError
from auditor.evidence.layout import MANIFEST, POLICY, FileEntry, Manifest, is_part, role_of
from auditor.late import late
from auditor.model.evidence import Record

_PART: Final = r"[^./\x00-\x1f\x7f\\:][^/\x00-\x1f\x7f\\:]{0,250}"
_FILES: Final = {
    "body": r"bodies/[0-9a-f]{64}\.zst",
    "record": r"evidence/(?P<target>[0-9]{4,6})/[0-9]{6}\.jsonl",
    "redactions": r"redactions/(?P<target>[0-9]{4,6})/[0-9]{6}\.jsonl",
    "policy": rf"policy/[0-9]{{2,3}}/(?:controls|profiles|rules|tables)(?:/{_PART}){{0,12}}"
    rf"/{_PART}\.ya?ml",
    "results": r"results\.json(?:\.zst)?",
    "inventory": r"inventory\.json",
    "environment": r"environment\.json",
    "baseline": r"baseline\.json",
    "waivers": r"waivers\.json",
    "answers": r"answers\.json",
    "parts": r"parts\.json",
}
_NAMES: Final = {role: late(text, re.ASCII) for role, text in _FILES.items()}
_OF_COLLECTING: Final = frozenset({"body", "record", "redactions"})
_ONCE: Final = ("results", "inventory", "environment")
_DIGEST: Final = late(r"[0-9a-f]{64}", re.ASCII)
_TIME: Final = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,6})?Z", re.ASCII)


def is_name(path: str) -> bool:
    """Whether a file of a bundle but its manifest and its attestations may have this name."""
    return len(path) < 1000 and any(name.fullmatch(path) for name in _NAMES.values())


def check_manifest(manifest: Manifest) -> None:
    """Refuse a manifest that is none of ours, though it is well-formed.

    Raises:
        IntegrityError: it names a file, a folder or a time that can't be.
    """
    if not manifest.targets:
        raise _wrong("no target")
    for text in (manifest.run.started, manifest.run.finished):
        moment(text)
    paths = [each.path for each in manifest.files]
    if paths != sorted(set(paths)):
        raise _wrong("its files are not in order, or one is there twice")
    judged = manifest.evaluation is not None
    for each in manifest.files:
        name = _NAMES.get(each.role) if judged or each.role in _OF_COLLECTING else None
        found = name.fullmatch(each.path) if name is not None else None
        if found is None or role_of(each.path) != each.role or len(each.path) >= 1000:
            raise _wrong(f"{each.path[:80]!r} is not a file of a bundle")
        target = found.groupdict().get("target")
        if target is not None and int(target) >= len(manifest.targets):
            raise _wrong(f"{each.path} is of no target")
        if not _DIGEST.fullmatch(each.sha256) or each.size < 0:
            raise _wrong(f"{each.path}: no digest, or no size")
    if manifest.evaluation is not None:
        _check_judged(manifest, manifest.evaluation.folders)


def _check_judged(manifest: Manifest, folders: tuple[str, ...]) -> None:
    roles = Counter(each.role for each in manifest.files)
    for role in _ONCE:
        if roles[role] != 1:
            raise _wrong(f"{roles[role]} files of {role}, not one")
    if manifest.evaluation is not None and not is_part(manifest.evaluation.part):
        raise _wrong(f"it is no part: {manifest.evaluation.part}")
    there = sorted({"/".join(each.path.split("/")[:2]) for each in _of(manifest, "policy")})
    if list(folders) != there or there != [f"{POLICY}/{i:02d}" for i in range(len(there))]:
        raise _wrong(f"its folders of policy are {str(list(folders))[:80]}, there are {there}")


def _of(manifest: Manifest, role: str) -> Iterable[FileEntry]:
    return (each for each in manifest.files if each.role == role)


def check_record(record: Record) -> str:
    """Why a record can't be; "" when it can."""
    for text in (record.sha256, record.block, record.original):
        if text and not _DIGEST.fullmatch(text):
            return f"{text[:40]!r} is not a digest"
    if bool(record.sha256) != bool(record.block):
        return "a body without a block, or a block without a body"
    if min(record.size, record.at, record.count, record.original_size) < 0:
        return "a size below nothing"
    if "\0" in record.request or "\0" in record.kind:
        return "a name with a zero byte"
    return ""


def told_twice(uri: str, records: Iterable[Record]) -> str:
    """Which query of one target has two records; "" when none has.

    The second would hide the first. Pages of a cluster are known by their number.
    """
    requests: set[str] = set()
    numbers: set[int] = set()
    for record in records:
        if record.request in requests:
            return f"{record.request} is there twice"
        requests.add(record.request)
        if "://" in uri and record.number in numbers:
            return f"the number {record.number} is there twice"
        numbers.add(record.number)
    return ""


def moment(text: str) -> datetime:
    """A time of the manifest: RFC 3339 in UTC.

    Raises:
        IntegrityError: it is none.
    """
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _wrong(f"{text[:40]!r} is not a time in UTC")


def _wrong(what: str) -> IntegrityError:
    return IntegrityError(f"{MANIFEST}: {what}")
