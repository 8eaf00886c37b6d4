"""Bodies of resources as an analysis may look at them."""

from __future__ import annotations

import msgspec

from auditor.model.resource import Resource
from auditor.secrets import redact


def decoded(resource: Resource) -> object:
    """Decode the whole body of a resource, without secrets.

    Raises:
        msgspec.DecodeError: the body is not JSON.
    """
    decode = msgspec.json.decode if resource.clean else redact.decode
    return decode(resource.body)
