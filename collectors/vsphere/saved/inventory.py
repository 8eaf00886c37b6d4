"""What the files of one folder have in common: where things are, and which of them were saved.

Read once by each worker. A file is judged by itself, at the place that the others give it::

    0001-Folder-group-d1.xml      Datacenters      names datacenter-1
    0048-Datacenter-datacenter-1.xml       DC0     names group-2
    0049-Folder-group-2.xml                vm      names vm-39, vm-42
    0052-VirtualMachine-vm-39.xml      a machine at /DC0/vm/…

What one of them names and no file is of was not saved, or its file went: that is a gap. So is what
a part of an inventory lacks, as nobody says that it is complete.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from auditor.platforms.vsphere import PERMISSION, ROLE, SETTINGS
from collectors.documents.recognise import Tree as Files
from collectors.vsphere.live.markup import Refused, child, text_of
from collectors.vsphere.live.objects import Tree
from collectors.vsphere.live.pages import Found
from collectors.vsphere.saved.names import HOLDS, SERVICE, Reference, reference_of
from collectors.vsphere.saved.objects import MOST_BYTES, inside, object_of

_NAMED: Final = 3
"""How many objects a gap names."""


class Inventory(msgspec.Struct, frozen=True):
    """The inventory of one ``folder``, a path below the target.

    ``files`` are the paths of all objects. ``root`` and ``settings`` are the identities of the
    folder that everything is in, and of the manager of settings; they and ``api``, the version, are
    "" where no file says it. ``told`` are the types of managers of which something was saved that
    they were asked. ``digest`` covers all that a file is given of the others.
    """

    folder: str
    files: Mapping[Reference, str]
    tree: Tree
    api: str
    root: str
    settings: str
    told: frozenset[str]
    digest: str

    def is_first(self, path: str) -> bool:
        """Whether a file is the one that tells of the whole folder."""
        return path == min(self.files.values(), default="")

    def lost(self, found: Found) -> Iterator[tuple[str, str]]:
        """Yield the kinds of which an object names something that has no file, and what."""
        missing: dict[str, list[str]] = {}
        for each in inside(found):
            if each not in self.files:
                for kind in _kinds_of(each):
                    missing.setdefault(kind, []).append(f"{each.type} {each.identity}")
        for kind, names in missing.items():
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield kind, f"{', '.join(names[:_NAMED])}{more} in {found.identity}: no file is of it"

    @property
    def is_part(self) -> bool:
        """Whether it was saved without the server that it is of."""
        return not any(each.type == SERVICE for each in self.files)

    @property
    def untold(self) -> tuple[str, ...]:
        """The kinds of which the server's own are not known, as its file does not name them."""
        named = ((SETTINGS, self.settings), (PERMISSION, self.root))
        return tuple(kind for kind, identity in named if not identity)


def _kinds_of(reference: Reference) -> tuple[str, ...]:
    """What is not known when an object has no file; of who has rights not each needs one."""
    return (ROLE, PERMISSION) if reference.type == "AuthorizationManager" else reference.kinds


def inventory_of(files: Files, folder: str) -> Inventory:
    """Read what the files of a folder have in common, once for each tree of files."""
    return files.once(f"vsphere {folder}", lambda: _read(files, folder))


def _read(files: Files, folder: str) -> Inventory:
    paths: dict[Reference, str] = {}
    told: set[str] = set()
    for name in files.names(folder):
        if name.endswith("/"):
            told.add(name.partition("-")[0])
            continue
        reference = reference_of(name)
        if reference is not None:
            paths.setdefault(reference, posixpath.join(folder, name))
    tree = Tree()
    api = root = settings = ""
    digest = hashlib.sha256()
    for reference, path in paths.items():
        digest.update(f"{reference.type}\0{reference.identity}\n".encode())
        found = _outer(files, reference, path)
        if found is None:
            continue
        if reference.type == SERVICE:
            api, root, settings = _content_of(found)
        else:
            tree.add([found])
            known = (text_of(found.values.get(name)) for name in ("name", "parent"))
            digest.update("\0".join(known).encode("utf-8", "surrogatepass"))
    digest.update("\0".join((api, root, settings, *sorted(told))).encode("utf-8", "surrogatepass"))
    return Inventory(
        folder, paths, tree, api, root, settings, _told(told, paths), digest.hexdigest()
    )


def _outer(files: Files, reference: Reference, path: str) -> Found | None:
    """Read what others are in; what can't be read of it the file itself says."""
    if reference.type not in HOLDS:
        return None
    try:
        return object_of(files.read(path, MOST_BYTES), reference)
    except (OSError, Refused):
        return None


def _content_of(found: Found) -> tuple[str, str, str]:
    content = found.values.get("content")
    if content is None:
        return "", "", ""
    about = child(content, "about")
    api = text_of(child(about, "apiVersion")) if about is not None else ""
    return api, text_of(child(content, "rootFolder")), text_of(child(content, "setting"))


def _told(folders: Iterable[str], files: Iterable[Reference]) -> frozenset[str]:
    """The types of managers that have a folder of what their methods returned, or a file."""
    return frozenset(folders) | {each.type for each in files}
