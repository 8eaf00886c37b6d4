"""What the kubelet of a node was told: its flags, and the files that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from collectors.documents.guards import Unreadable
from collectors.documents.values import value_of
from collectors.hosts.seen import FOLDER, Stat, Unread
from collectors.kubernetes.node.arguments import Flags, flags_of
from collectors.kubernetes.node.observed import Observed, Process, RunsIn
from collectors.kubernetes.node.probes import PROCESSES, WHOLE

Body = dict[str, Any]
_EMPTY: Final = Flags({}, [])


def running(seen: Observed, name: str) -> Iterator[Process]:
    """The processes of a component, as far as anybody could say whose they are."""
    if isinstance(seen.processes, Unread):
        return
    for each in seen.processes:
        if PROCESSES.get(each.name) == name and each.runs_in is not RunsIn.UNKNOWN:
            yield each


class Kubelet:
    """The kubelet of a node: the one process of that name which is the node's own."""

    def __init__(self, seen: Observed) -> None:
        self._seen = seen
        found = [each for each in running(seen, "kubelet") if each.runs_in is RunsIn.NODE]
        self._found = found
        self.flags = flags_of(found[0].words) if len(found) == 1 else _EMPTY
        self.node = (self.flags.last("hostname-override") or seen.host).strip().lower()
        self.settings = list(self._settings())

    @property
    def unread(self) -> str:
        """Why nobody knows what it was told, "" where that is known."""
        seen = self._seen
        if isinstance(seen.processes, Unread):
            return f"processes: {seen.processes.detail}"
        if len(self._found) == 1:
            return "" if self._found[0].words else "its arguments could not be read: look as root"
        if self._found:
            return f"{len(self._found)} kubelets run on the node itself"
        whole = [each.name for each in seen.processes if each.name in WHOLE]
        if whole:
            return f"{whole[0]} runs there, and has its kubelet inside"
        if any(each.name == "kubelet" for each in seen.processes):
            return "a kubelet runs, and nobody could say whether it is the node's own: look as root"
        return "no kubelet runs there"

    def _settings(self) -> Iterator[Body]:
        """The files that it reads, in the order in which a later one counts.

        It walks the folder of drop-ins: what is below is read, hidden or not, in the order of the
        names at each level; a link to a folder is followed only where a slash ends its path
        (Go's ``filepath.WalkDir``; ``findings/kubelet-walks-its-drop-ins.sh``).
        """
        path = self.flags.last("config").rstrip("/")
        if path:
            yield _parsed(self._seen, path)
        told = self.flags.last("config-dir")
        folder = told.rstrip("/")
        at = self._seen.at(folder)
        if not folder or (isinstance(at, Stat) and at.link and told == folder):
            return
        short = self._seen.unlisted(folder)
        if short is not None:
            yield {"path": shown(short[0]), "unread": short[1].detail}
        found = sorted(self._seen.below(folder), key=lambda each: each[0].split("/"))
        for each, there in found:
            if each.endswith(".conf") and there is not None and not _is_folder(there):
                yield _parsed(self._seen, each)

    def value(self, flag: str, *steps: str) -> str | None:
        """What it was told by a flag, or else by its files: a path; None where nobody knows.

        Drop-ins count whatever the case of their names, by an order of its own
        (``findings/kubelet-drop-ins-any-case.sh``).
        """
        if flag in self.flags.values:
            return self.flags.last(flag)
        found = ""
        files = 1 if self.flags.last("config").rstrip("/") else 0
        for number, each in enumerate(self.settings):
            if "unread" in each or (number >= files and _is_misspelt(each["values"], steps)):
                return None
            value: Any = each["values"]
            for step in steps:
                value = value.get(step, found) if isinstance(value, dict) else value
            found = value if isinstance(value, str) else ""  # a null takes away what was said
        return found

    def body(self) -> Body:
        """All that it was told."""
        unread = self.unread
        return {
            "node": self.node,
            **({"unread": unread} if unread else {}),
            "flags": self.flags.values,
            "hidden": self.flags.hidden,
            "settings": self.settings,
        }


def _is_misspelt(value: object, steps: Iterable[str]) -> bool:
    """Whether a name on the way to a value has letters of another case."""
    for step in steps:
        if not isinstance(value, dict):
            return False
        if any(name != step and name.casefold() == step.casefold() for name in value):
            return True
        value = value.get(step)
    return False


def _is_folder(there: Stat | Unread) -> bool:
    return isinstance(there, Stat) and there.type == FOLDER and not there.link


def _parsed(seen: Observed, path: str) -> Body:
    """A file of settings of the kubelet."""
    text = seen.text(path)
    at = {"path": shown(path)}
    if text is None:
        return {**at, "unread": "there is none"}
    if isinstance(text, Unread):
        return {**at, "unread": text.detail}
    try:
        found = value_of(text.decode())
    except (Unreadable, UnicodeDecodeError) as error:
        return {**at, "unread": f"it is not valid YAML: {getattr(error, 'detail', error)}"}
    if not isinstance(found, dict) or found.get("kind") != "KubeletConfiguration":
        return {**at, "unread": "it is no KubeletConfiguration"}
    nulls = list(_nulls(found))
    return {**at, "values": found, **({"nulls": nulls} if nulls else {})}


def _nulls(found: Body) -> Iterator[list[str]]:
    """Where a null stands, which a body of a resource does not keep."""
    for name, value in found.items():
        if value is None:
            yield [name]
        elif isinstance(value, dict):
            yield from ([name, *rest] for rest in _nulls(value))


def shown(path: str) -> str:
    """A path as text: its bytes need not be any."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
