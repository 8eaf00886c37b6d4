"""One compose file over another, field by field, as Compose merges them.

An override can't take from a list: it is appended to, but for what can be there only once. So
``127.0.0.1:8080:80`` over ``8080:80`` leaves both ports published, and ``cap_add: []`` takes away
nothing. Only ``!reset`` and ``!override`` do (:func:`without`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from collectors.docker.compose.nodes import ITEM, Node, NotResolved, Path
from collectors.docker.compose.texts import go_text

Merger = Callable[[Node, Node, Path], Node]

CONTAINERS: Final = ("services", "jobs")
_ANY: Final = "*"


def pattern_of(path: Path) -> Path:
    """A path with ``*`` for each name that a person chose, as the tables below are written."""
    if len(path) < 2 or path[0] not in _NAMED:
        return path
    kind = "services" if path[0] == "jobs" else path[0]
    rest = path[2:]
    if len(rest) > 1 and rest[0] in ("ulimits", "networks", "depends_on", "models"):
        rest = (rest[0], _ANY, *rest[2:])
    return (kind, _ANY, *rest)


_NAMED: Final = frozenset(
    {"services", "jobs", "networks", "volumes", "secrets", "configs", "models"}
)


def laid_over(base: Node, other: Node, path: Path = ()) -> Node:
    """Lay one value over another, which may be changed.

    Raises:
        NotResolved: they do not go together.
    """
    special = _SPECIAL.get(pattern_of(path))
    if special is not None:
        return special(base, other, path)
    if other.value is None:
        return base
    if isinstance(base.value, dict):
        return _mappings(base, _same(other, dict, path), path)
    if isinstance(base.value, list):
        return _appended(base, _same(other, list, path).value)
    return other


def _same(other: Node, kind: type, path: Path) -> Node:
    if not isinstance(other.value, kind):
        raise NotResolved(f"{'.'.join(path)} can't be laid over what is of another type", other)
    return other


def _mappings(base: Node, other: Node, path: Path) -> Node:
    made = dict(base.fields)
    for key, value in other.fields.items():
        known = made.get(key)
        made[key] = value if known is None else laid_over(known, value, (*path, key))
    return base.with_value(made)


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _appended(base: Node, more: object) -> Node:
    """Append items that are not there; two that are the same say no more than one."""
    made = list(_items(base))
    known = [item.plain() for item in made]
    for item in more if isinstance(more, list) else ():
        plain = item.plain()
        if not any(_alike(plain, each) for each in known):
            made.append(item)
            known.append(plain)
    return base.with_value(made)


def _alike(one: object, other: object) -> bool:
    """Whether two values are the same to Go, to which ``true``, 1 and 1.0 are three."""
    return one == other and repr(one) == repr(other)


def as_list(node: Node) -> Node:
    """The entries ``KEY=value`` of a mapping, in their order; a text alone is a list of one."""
    value = node.value
    if isinstance(value, dict):
        entries: list[Node] = []
        for key, below in value.items():
            if below.value is None:
                entries.append(below.with_value(key))
            elif isinstance(below.value, list):
                entries += [item.with_value(f"{key}={_text(item)}") for item in below.value]
            else:
                entries.append(below.with_value(f"{key}={_text(below)}"))
        return node.with_value(sorted(entries, key=lambda entry: str(entry.value)))
    if isinstance(value, list):
        return node
    return node.with_value([node] if isinstance(value, str) else [])


def _text(node: Node) -> str:
    value = node.value
    if isinstance(value, dict | list):
        raise NotResolved("a text or a number is meant", node)
    return go_text(value)


def _lists(base: Node, other: Node, path: Path) -> Node:
    del path
    return _appended(as_list(base), as_list(other).value)


def _entries(base: Node, other: Node, path: Path) -> Node:
    """Merge entries ``KEY=value`` by their keys."""
    both = [*_items(as_list(base)), *_items(as_list(other))]
    return base.with_value(_unique(both, key_of_entry, path))


def _other(base: Node, other: Node, path: Path) -> Node:
    del base, path
    return other


def _as_mapping(node: Node, default: dict[str, bool | str] | None, path: Path) -> Node:
    value = node.value
    if isinstance(value, dict):
        return node
    if value is None:
        return node.with_value({})
    made: dict[str, Node] = {}
    for item in value if isinstance(value, list) else [node]:
        if not isinstance(item.value, str):
            raise NotResolved(f"{'.'.join(path)} is a mapping, or a list of names", item)
        made[item.value] = item.with_value(
            None
            if default is None
            else {key: item.with_value(each) for key, each in default.items()}
        )
    return node.with_value(made)


def _named(default: dict[str, bool | str] | None) -> Merger:
    """Merge what may be written as a list of names."""

    def merged(base: Node, other: Node, path: Path) -> Node:
        return _mappings(_as_mapping(base, default, path), _as_mapping(other, default, path), path)

    return merged


STARTED: Final[dict[str, bool | str]] = {"condition": "service_started", "required": True}


def _build(base: Node, other: Node, path: Path) -> Node:
    return _mappings(as_build(base), as_build(other), path)


def as_build(node: Node) -> Node:
    """A build by its folder alone as a mapping."""
    if isinstance(node.value, str):
        return node.with_value({"context": node})
    return node if isinstance(node.value, dict) else node.with_value({})


def _logging(base: Node, other: Node, path: Path) -> Node:
    """Options go with their driver."""
    drivers = [each.get("driver") for each in (_same(base, dict, path), _same(other, dict, path))]
    named = [each.value for each in drivers if each is not None]
    if len(named) == 2 and named[0] != named[1]:
        return other
    return _mappings(base, other, path)


def _ulimit(base: Node, other: Node, path: Path) -> Node:
    if isinstance(base.value, dict) and isinstance(other.value, dict):
        return _mappings(base, other, path)
    return other


def _table() -> dict[Path, Merger]:
    service = ("services", _ANY)
    made: dict[Path, Merger] = {
        (kind, _ANY, "labels"): _entries for kind in ("networks", "volumes", "secrets", "configs")
    }
    for mergers, names in (
        (_entries, ("annotations", "environment", "labels", "sysctls")),
        (
            _lists,
            ("dns", "dns_opt", "dns_search", "env_file", "label_file", "extra_hosts", "tmpfs"),
        ),
        (_other, ("command", "entrypoint")),
        (_named(None), ("models", "networks")),
    ):
        made |= {(*service, name): mergers for name in names}
    build = (*service, "build")
    made |= {
        build: _build,
        (*build, "args"): _entries,
        (*build, "labels"): _entries,
        (*build, "additional_contexts"): _entries,
        (*build, "extra_hosts"): _lists,
        (*service, "depends_on"): _named(STARTED),
        (*service, "healthcheck", "test"): _other,
        (*service, "logging"): _logging,
        (*service, "deploy", "labels"): _entries,
        (*service, "ulimits", _ANY): _ulimit,
    }
    return made


_SPECIAL: Final = _table()


def key_of_entry(item: Node) -> str:
    """The name in an entry ``NAME=value``."""
    if not isinstance(item.value, str):
        raise NotResolved("a text is meant", item)
    return item.value.partition("=")[0]


def _unique(items: Iterable[Node], key_of: Callable[[Node], str], path: Path) -> list[Node]:
    """Keep one item a key: the last one, where the first one was."""
    del path
    made: dict[str, Node] = {}
    for item in items:
        made[key_of(item)] = item
    return list(made.values())


def unique(node: Node, key_of: Callable[[Node], str]) -> Node:
    """Keep one item of a list for each key."""
    return node.with_value(_unique(_items(node), key_of, ()))


def without(node: Node, resets: frozenset[Path], path: Path = ()) -> Node:
    """Take out of what was read before all that a file resets."""
    if not resets or not isinstance(node.value, dict):
        return node
    return node.with_value(
        {
            key: without(below, resets, (*path, key))
            for key, below in node.value.items()
            if (*path, key) not in resets
        }
    )


__all__ = ("ITEM", "as_build", "as_list", "key_of_entry", "laid_over", "unique", "without")
