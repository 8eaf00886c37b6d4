"""Policy folders to a policy set, without parsing them again while they do not change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.cachefile import CacheFolder
from auditor.policy.policyset import PolicyFile, PolicySet, digest_files, read_files
from auditor.policy.shipped import Shipped
from auditor.version import VERSION

FORMAT = 9
"""Changes when what is made of the same files changes without the version doing so."""


def load(
    folders: Sequence[Path],
    cache: CacheFolder | None = None,
    platforms: Platforms = PLATFORMS,
    shipped: Shipped | None = None,
    files: Sequence[PolicyFile] | None = None,
) -> PolicySet:
    """Load policy folders, the built-in one first.

    ``platforms`` are those that rules may be about. ``shipped`` is what was made of policies when
    this program was built, ``files`` are those of the folders where they were read already.

    All files are read and hashed each time. ``cache`` is a folder that holds what files of the same
    names and content came to before; None does without.

    Raises:
        PolicyErrors: anything is wrong with any file.
    """
    files = read_files(folders) if files is None else files
    digest = digest_files(files)
    name, stamp = cache_name(digest, "policy"), cache_stamp(digest, _content(platforms))
    shown = shown_folders(folders, files)
    whole = has_all(folders, files)
    data = cache.read(name, stamp) if cache is not None and whole else None
    known = _restored(data, digest, shown) if data is not None else None
    if known is not None:
        return known
    shipped = shipped or Shipped()
    policy = _shipped(digest, shown, platforms, shipped) if whole else None
    if policy is None:
        from auditor.policy.read import read_policy  # noqa: PLC0415 - YAML, when it has to be

        policy = read_policy(folders, files, digest, platforms, shipped)
    if cache is not None:
        cache.write(name, stamp, msgspec.msgpack.encode((shown, policy)))
    return policy


def _shipped(
    digest: str, shown: Sequence[str], platforms: Platforms, shipped: Shipped
) -> PolicySet | None:
    """What was made of these files when this program was built."""
    data = shipped.policy(digest, (each.name for each in platforms)) if not shown else None
    return None if data is None else msgspec.msgpack.decode(data, type=PolicySet)


def shown_folders(folders: Sequence[Path], files: Sequence[PolicyFile]) -> list[str]:
    """The folders of users whose files are named in what is made of them: tables are not."""
    used = {file.folder for file in files if not file.name.startswith("tables/")}
    return [str(folder) for number, folder in enumerate(folders) if number in used - {0}]


def has_all(folders: Sequence[Path], files: Sequence[PolicyFile]) -> bool:
    """Whether each folder has something in it: one that has nothing may be misspelt."""
    return len({file.folder for file in files}) == len(folders)


def _content(platforms: Platforms) -> str:
    """What a cache file of a policy holds: other platforms allow other rules."""
    return " ".join(("policy", *(platform.name for platform in platforms)))


def cache_name(digest: str, kind: str) -> str:
    """The name of a cache file for policy files with this digest."""
    return f"{VERSION}-{FORMAT}-{digest.removeprefix('sha256:')[:32]}.{kind}"


def cache_stamp(digest: str, kind: str) -> str:
    """What a cache file for policy files with this digest says inside that it is for."""
    return f"{kind} {VERSION} {FORMAT} {digest}"


def _restored(data: memoryview, digest: str, shown: list[str]) -> PolicySet | None:
    """What a cache file holds for these files; places in users' files name the folder as given."""
    try:
        folders, policy = msgspec.msgpack.decode(data, type=tuple[list[str], PolicySet])
    except (msgspec.DecodeError, RecursionError):
        return None
    return policy if (folders, policy.digest) == (shown, digest) else None
