"""What the files that come with the program say, for those of users to be read after them.

Whoever adds a folder has files of their own, two or three, and the program's, some seven hundred,
that a build has read already. What each of the latter says for itself is kept beside what all of
them amount to (:mod:`auditor.policy.shipped`)::

    policies/**.yaml  --read-->  Found  --merge, check-->  PolicySet      a build
                                   |
                                 packed
                                   v
    user/**.yaml      --read-->  Found  --merge, check-->  PolicySet      a run with --policies user

So what only all files together can show, a name that is there twice or a control that nobody
defined, is looked for in all of them as it is where nothing is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from auditor.model.policy import Rule
from auditor.platforms import Platforms
from auditor.policy.found import Found, Said
from auditor.policy.policyset import PolicyFile, PolicySet, digest_files, first_files
from auditor.policy.shipped import Shipped


class _Begun(msgspec.Struct, frozen=True, array_like=True):
    """``said`` has no rules: they are those of the policy set, each with what others say of it.

    ``own`` are they in the order of their files, each with the number of controls that its own file
    names: the first ones that it has.
    """

    own: tuple[tuple[str, int], ...]
    said: Said


def pack(found: Found) -> bytes:
    """What files say that are read and not yet put together; :func:`begun` makes it of this."""
    own = tuple((name, len(rule.controls)) for name, rule in found.rules.items())
    rest = {name: getattr(found, name) for name in Said.__struct_fields__ if name != "rules"}
    return msgspec.msgpack.encode(_Begun(own, Said(**rest)))


def begun(files: Sequence[PolicyFile], platforms: Platforms, shipped: Shipped) -> Found | None:
    """What the files of the first folder say, where that is shipped; None where they are others."""
    digest = digest_files(first_files(files))
    names = [platform.name for platform in platforms]
    data, merged = shipped.begun(digest, names), shipped.policy(digest, names)
    if data is None or merged is None:
        return None
    rules = msgspec.msgpack.decode(merged, type=PolicySet).rules
    known = msgspec.msgpack.decode(data, type=_Begun)
    said = {name: getattr(known.said, name) for name in Said.__struct_fields__}
    said["rules"] = {name: _own(rules[name], count) for name, count in known.own}
    return Found(**said, platforms=platforms)


def _own(rule: Rule, count: int) -> Rule:
    """A rule as its own file has it."""
    if len(rule.controls) == count:
        return rule
    return msgspec.structs.replace(rule, controls=rule.controls[:count])
