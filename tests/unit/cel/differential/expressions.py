"""Random expressions over the documents of this folder: mostly well typed, sometimes not."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

MISTYPED: Final = 0.02
INTS: Final = ("0", "1", "-1", "2", "7", "1000", "9223372036854775807", "-9223372036854775808")
UINTS: Final = ("0u", "1u", "2u", "18446744073709551615u")
DOUBLES: Final = ("0.0", "1.0", "-0.0", "0.5", "-2.5", "1e3", "1e300", "9007199254740992.0")
STRINGS: Final = ("''", "'x'", "'gpu'", "'main'", "'Größe'", "'1'", "'true'", r"'a\nb'", "'ä😀b'")
BYTES: Final = ("b''", "b'x'", r"b'\xff\x00'", "b'main'")
TIMES: Final = ("'2024-02-29T12:30:45.5Z'", "'1969-12-31T23:59:59Z'", "'2020-06-01T00:00:00+05:30'")
SPANS: Final = ("'1h'", "'-1.5s'", "'90m'", "'0s'", "'1ms'")
ZONES: Final = ("", "'UTC'", "'America/New_York'", "'-03:30'", "'+05:30'")
PATTERNS: Final = ("'a'", "'^[a-z]+$'", r"'\\d+'", "'(?i)MAIN'", "'.'", "'x|y'", "'^$'")
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "bool": ("object.spec.hostNetwork", "c.securityContext.privileged"),
    "int": ("object.spec.priority", "c.securityContext.runAsUser", "c.limits['nvidia.com/gpu']"),
    "double": ("object.spec.weight",),
    "string": (
        *("object.metadata.name", "object.metadata.labels.app", "c.name", "c.image"),
        *("object.metadata.labels['tier']", "v.hostPath.path", "v.name"),
    ),
    "list": (
        *("object.spec.containers", "object.spec.volumes", "object.ports"),
        *("c.securityContext.capabilities.add", "object.spec.tolerations"),
    ),
    "map": ("object.metadata.labels", "object.spec", "c", "c.limits", "c.securityContext", "v"),
}
KINDS: Final = (
    *("bool", "int", "uint", "double", "string", "bytes", "list", "map"),
    *("timestamp", "duration", "null", "type"),
)
ACCESSORS: Final = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfYear", "getDayOfWeek"),
    *("getHours", "getMinutes", "getSeconds"),
)


class Generator:
    """Writes one expression at a time; the same seed gives the same expressions.

    An expression has either ``cel.bind`` or the macros that may stop early: after one of these
    cel-cpp can take a bound name for the element that it stopped at.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # a reproducible test, no secret
        self._names: list[str] = []
        self._binds = False
        self._makers: dict[str, Callable[[int], str]] = {
            "bool": self._bool,
            "int": self._int,
            "uint": self._uint,
            "double": self._double,
            "string": self._string,
            "bytes": self._bytes,
            "list": self._list,
            "map": self._map,
            "timestamp": self._timestamp,
            "duration": self._duration,
            "null": lambda _depth: "null",
            "type": self._type,
            "optional": self._optional,
        }

    def expression(self, depth: int) -> str:
        """An expression that is, most of the time, of a type that has values on both sides."""
        self._names = []
        self._binds = self.random.random() < 0.4
        kind = self.random.choices(KINDS, weights=(12, 3, 1, 2, 3, 1, 3, 2, 1, 1, 0.3, 1))[0]
        return self.make(kind, depth)

    def make(self, kind: str, depth: int) -> str:
        """An expression of a type, or now and then of another one."""
        if self.random.random() < MISTYPED:
            kind = self.random.choice(KINDS)
        return self._makers[kind](depth)

    def _pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _any(self, depth: int) -> str:
        return self.make(self.random.choice(KINDS), depth)

    def _bound(self, kind: str) -> str | None:
        """A name bound by a macro around, or a path into the variables."""
        if self._names and self.random.random() < 0.5:
            return self.random.choice(self._names)
        paths = [path for path in FIELDS.get(kind, ()) if path[:2] not in ("c.", "v.", "c", "v")]
        inner = [name for name in self._names if name in ("c", "v")]
        paths += [
            path for path in FIELDS.get(kind, ()) if path[0] in inner and path[1:2] in ("", ".")
        ]
        return self.random.choice(paths) if paths else None

    def _leaf(self, kind: str, *literals: str) -> str:
        path = self._bound(kind) if self.random.random() < 0.6 else None
        return path or self.random.choice(literals)

    def _shared(self, kind: str, depth: int) -> str:
        """Forms that every type has."""
        form = self.random.randrange(5 if self._binds else 4)
        if form == 0:
            then, otherwise = self.make(kind, depth), self.make(kind, depth)
            return f"({self.make('bool', depth)} ? {then} : {otherwise})"
        if form == 1:
            return f"{self._optional(depth)}.orValue({self.make(kind, depth)})"
        if form == 2:
            return (
                f"[{self.make(kind, depth)}, {self.make(kind, depth)}][{self.random.randrange(3)}]"
            )
        if form == 3:
            return f"{{'k': {self.make(kind, depth)}}}.k"
        return self._bind(kind, depth)

    def _bind(self, kind: str, depth: int) -> str:
        value = self._any(depth)
        with_name = self._scoped("b", lambda: self.make(kind, depth))
        return f"cel.bind(b, {value}, {with_name})"

    def _scoped(self, name: str, make: Callable[[], str]) -> str:
        self._names.append(name)
        try:
            return make()
        finally:
            self._names.pop()

    def _bool(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("bool", "true", "false")
        below = depth - 1
        match self.random.randrange(12):
            case 0 | 1:
                operator = self._pick("&&", "||")
                return f"({self.make('bool', below)} {operator} {self.make('bool', below)})"
            case 2:
                return f"!({self.make('bool', below)})"
            case 3:
                return f"({self._any(below)} {self._pick('==', '!=')} {self._any(below)})"
            case 4:
                return self._comparison(below)
            case 5 | 6 | 7:
                return self._quantifier(below)
            case 8:
                return self._presence(below)
            case 9:
                return self._text_test(below)
            case 10:
                return f"({self._any(below)} in {self._pick_container(below)})"
            case _:
                return self._shared("bool", below)

    def _pick_container(self, depth: int) -> str:
        return self.make(self._pick("list", "map"), depth)

    def _comparison(self, depth: int) -> str:
        operator = self._pick("<", "<=", ">", ">=")
        kinds = ("int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration")
        left = self.random.choice(kinds)
        right = self.random.choice(kinds[:3]) if left in kinds[:3] else left
        if self.random.random() < 0.4:
            left = right = self._pick("int", "string")
        return f"({self.make(left, depth)} {operator} {self.make(right, depth)})"

    def _quantifier(self, depth: int) -> str:
        macro = "exists_one" if self._binds else self._pick("all", "exists", "exists_one")
        name, operand = self._element(depth)
        body = self._scoped(name, lambda: self.make("bool", depth))
        return f"{operand}.{macro}({name}, {body})"

    def _element(self, depth: int) -> tuple[str, str]:
        """A name and what it shall visit."""
        form = self.random.randrange(4)
        if form == 0:
            return "c", "object.spec.containers"
        if form == 1:
            return "v", "object.spec.volumes"
        return "e", self._pick_container(depth)

    def _presence(self, depth: int) -> str:
        form = self.random.randrange(3)
        if form == 0:
            return f"has({self._path()})"
        if form == 1:
            return f"has(({self.make('map', depth)}).{self._pick('app', 'name', 'k')})"
        return f"{self._optional(depth)}.hasValue()"

    def _path(self) -> str:
        paths = [
            path
            for kind in FIELDS
            for path in FIELDS[kind]
            if path[:7] == "object." and "[" not in path
        ]
        return self.random.choice(paths)

    def _text_test(self, depth: int) -> str:
        text = self.make("string", depth)
        if self.random.random() < 0.4:
            return f"{text}.matches({self.random.choice(PATTERNS)})"
        test = self._pick("contains", "startsWith", "endsWith")
        return f"{text}.{test}({self.make('string', depth)})"

    def _number(self, kind: str, depth: int, operators: str) -> str:
        operator = self.random.choice(operators)
        return f"({self.make(kind, depth)} {operator} {self.make(kind, depth)})"

    def _int(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("int", *INTS)
        below = depth - 1
        match self.random.randrange(7):
            case 0 | 1:
                return self._number("int", below, "+-*/%")
            case 2:
                return f"(-({self.make('int', below)}))"
            case 3:
                return f"size({self.make(self._pick('string', 'list', 'map', 'bytes'), below)})"
            case 4:
                kind = self._pick("double", "string", "uint", "timestamp", "int")
                return f"int({self.make(kind, below)})"
            case 5:
                zone = self.random.choice(ZONES)
                return f"{self.make('timestamp', below)}.{self.random.choice(ACCESSORS)}({zone})"
            case _:
                return self._shared("int", below)

    def _uint(self, depth: int) -> str:
        if depth <= 0:
            return self.random.choice(UINTS)
        below = depth - 1
        form = self.random.randrange(3)
        if form == 0:
            return self._number("uint", below, "+-*/%")
        if form == 1:
            return f"uint({self.make(self._pick('int', 'double', 'string'), below)})"
        return self._shared("uint", below)

    def _double(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("double", *DOUBLES)
        below = depth - 1
        match self.random.randrange(4):
            case 0:
                return self._number("double", below, "+-*/")
            case 1:
                return f"(-({self.make('double', below)}))"
            case 2:
                return f"double({self.make(self._pick('int', 'uint', 'string'), below)})"
            case _:
                return self._shared("double", below)

    def _string(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("string", *STRINGS)
        below = depth - 1
        match self.random.randrange(5):
            case 0 | 1:
                return f"({self.make('string', below)} + {self.make('string', below)})"
            case 2:
                kind = self._pick("int", "uint", "bool", "bytes", "string", "timestamp", "duration")
                return f"string({self.make(kind, below)})"
            case 3:
                return f"{self._pick_list(below)}[{self.make('int', 0)}]"
            case _:
                return self._shared("string", below)

    def _pick_list(self, depth: int) -> str:
        return self.make("list", depth)

    def _bytes(self, depth: int) -> str:
        if depth <= 0:
            return self.random.choice(BYTES)
        below = depth - 1
        form = self.random.randrange(3)
        if form == 0:
            return f"({self.make('bytes', below)} + {self.make('bytes', below)})"
        if form == 1:
            return f"bytes({self.make('string', below)})"
        return self._shared("bytes", below)

    def _list(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf("list", "[]", "[1, 2, 3]", "['x', 'gpu']", "[true, 0.5, null]")
        below = depth - 1
        match self.random.randrange(7):
            case 0:
                items = [self._entry(below) for _ in range(self.random.randrange(4))]
                return f"[{', '.join(items)}]"
            case 1:
                return f"({self.make('list', below)} + {self.make('list', below)})"
            case 2 | 3:
                return self._transform("filter", "bool", below)
            case 4 | 5:
                return self._transform("map", self.random.choice(KINDS), below)
            case _:
                return self._shared("list", below)

    def _entry(self, depth: int) -> str:
        if self.random.random() < 0.2:
            return f"?{self._optional(depth)}"
        return self._any(depth)

    def _transform(self, macro: str, kind: str, depth: int) -> str:
        name, operand = self._element(depth)
        body = self._scoped(name, lambda: self.make(kind, depth))
        if macro == "map" and self.random.random() < 0.3:
            condition = self._scoped(name, lambda: self.make("bool", depth))
            return f"{operand}.map({name}, {condition}, {body})"
        return f"{operand}.{macro}({name}, {body})"

    def _map(self, depth: int) -> str:
        if depth <= 0:
            return self._leaf(
                "map", "{}", "{'app': 'gpu'}", "{2: 'x', 3u: 'y'}", "{'name': {'k': 1}}"
            )
        below = depth - 1
        if self.random.random() < 0.4:
            return self._shared("map", below)
        entries = []
        for number in range(self.random.randrange(4)):
            key = self._pick(f"'k{number}'", f"{number + 2}", f"{number + 2}u")
            if number == 0:
                key = self._pick(key, "'app'", "'name'", "true")
            if self.random.random() < 0.2:
                entries.append(f"?{key}: {self._optional(below)}")
            else:
                entries.append(f"{key}: {self._any(below)}")
        return f"{{{', '.join(entries)}}}"

    def _timestamp(self, depth: int) -> str:
        if depth <= 0:
            return f"timestamp({self.random.choice(TIMES)})"
        below = depth - 1
        match self.random.randrange(4):
            case 0:
                left, right = self.make("timestamp", below), self.make("duration", below)
                return f"({left} {self._pick('+', '-')} {right})"
            case 1:
                return f"({self.make('duration', below)} + {self.make('timestamp', below)})"
            case 2:
                return f"timestamp({self.make('int', 0)})"
            case _:
                return self._shared("timestamp", below)

    def _duration(self, depth: int) -> str:
        if depth <= 0:
            return f"duration({self.random.choice(SPANS)})"
        below = depth - 1
        match self.random.randrange(3):
            case 0:
                left, right = self.make("duration", below), self.make("duration", below)
                return f"({left} {self._pick('+', '-')} {right})"
            case 1:
                return f"({self.make('timestamp', below)} - {self.make('timestamp', below)})"
            case _:
                return self._shared("duration", below)

    def _type(self, depth: int) -> str:
        if depth <= 0:
            return self._pick("int", "string", "list", "map", "bool", "null_type", "type", "double")
        return f"type({self._any(depth - 1)})"

    def _optional(self, depth: int) -> str:
        below = max(depth - 1, 0)
        match self.random.randrange(8):
            case 0 | 1:
                return self._optional_path()
            case 2:
                return f"optional.of({self._any(below)})"
            case 3:
                return self._pick("optional.none()", f"optional.ofNonZeroValue({self._any(below)})")
            case 4:
                return f"{self.make('map', below)}.?{self._pick('app', 'name', 'k', 'k1')}"
            case 5:
                return f"{self.make('list', below)}[?{self.make('int', 0)}]"
            case 6 if depth > 0:
                return f"{self._optional(below)}.or({self._optional(below)})"
            case _ if depth > 0:
                value = self._scoped("o", lambda: self._any(below))
                return f"{self._optional(below)}.optMap(o, {value})"
            case _:
                return self._optional_path()

    def _optional_path(self) -> str:
        names = self._path().split(".")
        cut = self.random.randrange(1, len(names))
        rest = "".join(f"{self._pick('.?', '.')}{name}" for name in names[cut + 1 :])
        return f"{'.'.join(names[:cut])}.?{names[cut]}{rest}"
