"""What a patch writes into another object: the directives in it taken out.

A strategic merge patch of kustomize or kubectl looks like the object that it changes::

    spec:
      template:
        spec:
          containers:
          - {name: model, args: [--x]}      # written: its arguments become these
          - {name: old, $patch: delete}     # nothing is made of it

What is deleted is left as an empty map, so that everything else stands where it stood.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.model.resource import Resource

_DIRECTIVE: Final = "$patch"
_SIGN: Final = "$"
"""``$patch``, ``$retainKeys``, ``$setElementOrder/LIST``, ``$deleteFromPrimitiveList/LIST``."""
_MOST_DEPTH: Final = 256


def as_written(resource: Resource) -> Resource | None:
    """Take the directives out of a partial object; None when it deletes the object as a whole.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if b'"$' not in resource.body:
        return resource
    body = msgspec.json.decode(resource.body)
    if _is_deleted(body):
        return None
    return msgspec.structs.replace(resource, body=msgspec.json.encode(_written(body, _MOST_DEPTH)))


def _is_deleted(value: object) -> bool:
    return isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"


def _written(value: object, depth: int) -> object:
    if depth == 0:
        raise RecursionError
    if _is_deleted(value):
        return {}
    if isinstance(value, dict):
        return {
            key: _written(item, depth - 1)
            for key, item in value.items()
            if not key.startswith(_SIGN)
        }
    if isinstance(value, list):
        return [_written(item, depth - 1) for item in value]
    return value
