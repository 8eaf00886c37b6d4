"""A trust file, read: keys with roles and times, authorities, a greatest age.

Nothing of this ever comes out of a bundle::

    keys:
      - name: build machine
        file: ci.pub              # or pem: |
        roles: [signer]
        valid-from: 2026-01-01
        valid-until: 2027-01-01
        revoked: {at: 2026-06-01, reason: laptop stolen}
    timestamps:
      - name: our authority
        file: tsa-root.pem
    require-timestamp: false
    max-age: 30d
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography import x509

from auditor.errors import UsageError
from auditor.evidence.keys import PublicKey
from auditor.evidence.trust import Trust, TrustedKey, read_file
from auditor.late import late
from auditor.policy.suggest import suggestion

ROLES: Final = ("signer",)
_AGE: Final = late(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>[hdw])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def read_trust(path: Path) -> Trust:
    """Read a trust file.

    Raises:
        UsageError: something is wrong with it.
    """
    reader = _Reader(path)
    data = read_file(path)
    try:
        _plain(data)
        value = yaml.load(data, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise reader.wrong(" ".join(str(error).split())) from error
    return reader.trust(value)


def _plain(data: bytes) -> None:
    """Refuse what YAML has beyond values: a tag says of a text what it is not.

    Raises:
        yaml.YAMLError, ValueError: there is one, or it is not valid YAML.
    """
    for event in yaml.parse(data, yaml.SafeLoader):
        if getattr(event, "tag", None) or getattr(event, "anchor", None):
            where = f", line {event.start_mark.line + 1}" if event.start_mark is not None else ""
            raise yaml.YAMLError(f"a tag, an anchor or an alias{where}: write the value itself")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: nobody knows which one is meant."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - of the library
        found = super().construct_mapping(node, deep)
        if len(found) != len(node.value):
            raise yaml.YAMLError(f"a key is there twice, line {node.start_mark.line + 1}")
        return found


class _Reader:
    """Reads one trust file; files that it names stand beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrong(self, what: str, hint: str = "") -> UsageError:
        return UsageError(f"{self._path}: {what}", hint=hint or "docs/evidence.md has an example")

    def trust(self, value: object) -> Trust:
        known = ("keys", "timestamps", "require-timestamp", "max-age")
        fields = self._fields(value, "the file", known)
        keys = tuple(self._key(item) for item in self._list(fields, "keys", []))
        if not keys:
            raise self.wrong("no keys: nothing could ever be verified")
        names = [key.public.name for key in keys]
        if len(set(names)) != len(names):
            raise self.wrong("the same key is there twice")
        required = fields.get("require-timestamp", False)
        if not isinstance(required, bool):
            raise self.wrong("require-timestamp is not true or false")
        authorities = tuple(self._authorities(fields))
        if required and not authorities:
            raise self.wrong("require-timestamp needs an authority under timestamps")
        return Trust(str(self._path), keys, authorities, required, self._age(fields))

    def _key(self, item: object) -> TrustedKey:
        known = ("name", "pem", "file", "roles", "valid-from", "valid-until", "revoked")
        fields = self._fields(item, "a key", known)
        name = self._text(fields, "name", "key")
        roles = tuple(map(str, self._list(fields, "roles", ["signer"])))
        if not roles:
            raise self.wrong(f"{name}: no roles", f"roles: [{', '.join(ROLES)}], or none is said")
        for role in roles:
            if role not in ROLES:
                raise self.wrong(f"{name}: no role {role!r}", f"roles: {', '.join(ROLES)}")
        revoked = self._fields(fields.get("revoked", {}), f"revoked of {name}", ("at", "reason"))
        if "revoked" in fields and revoked.get("at") is None:
            raise self.wrong(f"{name}: revoked says no time", "revoked: {at: 2026-06-01}")
        return TrustedKey(
            PublicKey.from_pem(self._pem(fields, name), f"{self._path}: {name}"),
            name,
            roles,
            self._moment(fields, "valid-from", name),
            self._moment(fields, "valid-until", name),
            self._moment(revoked, "at", name),
            self._text(revoked, "reason", ""),
        )

    def _authorities(self, fields: Mapping[str, Any]) -> Iterator[x509.Certificate]:
        for item in self._list(fields, "timestamps", []):
            named = self._fields(item, "an authority", ("name", "pem", "file"))
            name = self._text(named, "name", "authority")
            try:
                yield from x509.load_pem_x509_certificates(self._pem(named, name))
            except ValueError as error:
                raise self.wrong(f"{name}: no certificate in PEM") from error

    def _pem(self, fields: Mapping[str, Any], name: str) -> bytes:
        pem, file = fields.get("pem"), fields.get("file")
        if isinstance(pem, str) and file is None:
            if not pem.isascii():
                raise self.wrong(f"{name}: no PEM")
            return pem.encode()
        if isinstance(file, str) and pem is None:
            return read_file(self._path.parent / file)
        raise self.wrong(f"{name}: either pem or file says what it is")

    def _fields(self, value: object, what: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(f"{what} is not a mapping")
        for name in value:
            if name not in known:
                meant = suggestion(str(name), known)
                raise self.wrong(f"{what} has no {name!r}", meant or f"known: {', '.join(known)}")
        return value

    def _list(self, fields: Mapping[str, Any], name: str, without: list[object]) -> list[object]:
        """A list; one that is named and empty is not one that is not named."""
        value = fields.get(name, without)
        if not isinstance(value, list):
            raise self.wrong(f"{name} is not a list")
        return value

    def _text(self, fields: Mapping[str, Any], name: str, without: str) -> str:
        value = fields.get(name, without)
        if not isinstance(value, str):
            raise self.wrong(f"{name} is not text", f"{name}: 'in quotes'")
        return value

    def _moment(self, fields: Mapping[str, Any], what: str, name: str) -> datetime | None:
        """A date is its beginning, and without a zone a time is UTC; named without one is wrong."""
        if what not in fields:
            return None
        value = fields[what]
        try:
            if isinstance(value, datetime):
                return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            if isinstance(value, date):
                return datetime.combine(value, time(), UTC)
        except OverflowError as error:
            raise self.wrong(f"{what} of {name} is before or after all time") from error
        raise self.wrong(f"{what} of {name} is not a time", "2026-06-01 or 2026-06-01T12:00:00Z")

    def _age(self, fields: Mapping[str, Any]) -> timedelta | None:
        if "max-age" not in fields:
            return None
        value = fields["max-age"]
        found = _AGE.fullmatch(str(value))
        if found is None:
            raise self.wrong(f"max-age is {value!r}", "12h, 30d or 8w")
        return int(found["number"]) * _UNITS[found["unit"]]
