"""What may be sent to an API server: lists, single objects, and questions about ourselves.

Beside these, what it prints of itself at two paths that are no resources: its flags, its counters.

A watch and ``pods/exec`` are reads by their verb, and a ``GET`` is enough to run a command in a
container: so no part of an object may be asked for. Secrets never are, and a ConfigMap only by its
name.
"""

from __future__ import annotations

import re
from typing import Final

from auditor.late import late
from auditor.platforms.kubernetes import PRINTED
from collectors.http.guard import Allowed, Guard

WHO_AM_I: Final = (
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",  # since 1.28
    "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",  # 1.27
    "/apis/authentication.k8s.io/v1alpha1/selfsubjectreviews",  # 1.26, where it was switched on
)
SELF_REVIEWS: Final = (
    *WHO_AM_I,
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
)
"""What may be posted: the server stores none of these, and answers about who asks."""

_PAGES: Final = frozenset({"limit", "continue"})
_SERVED: Final = late(r"/(?:version|api(?:/[^/]+)?|apis(?:/[^/]+){0,2})")
_NEVER: Final = r"(?!(?:secrets|watch|proxy|configmaps)(?:/|$))"
_LIST_OR_OBJECT: Final = late(
    rf"""/(?:api/[^/]+|apis/[^/]+/[^/]+)/                    # group and version
    (?:{_NEVER}[^/]+(?:/[^/]+)?                              # of the whole cluster; a namespace
    |namespaces/[^/]+/{_NEVER}(?!(?:status|finalize)$)[^/]+(?:/[^/]+)?
    |namespaces/[^/]+/configmaps/[^/]+)""",
    re.VERBOSE,
)
"""``/api/v1/namespaces/NAME/status`` is not a list in a namespace but a part of it."""

READ_ONLY: Final = Guard(
    (
        Allowed("GET", _SERVED),
        Allowed("GET", _LIST_OR_OBJECT, _PAGES),
        *(Allowed("GET", late(re.escape(path))) for path in PRINTED.values()),
        *(Allowed("POST", late(re.escape(path))) for path in SELF_REVIEWS),
    )
)
"""The guard of every connection to an API server."""
