"""Fields of Kubernetes that hold a text or a number, so that neither is of a wrong type."""

from __future__ import annotations

EITHER_NAMES: frozenset[str] = frozenset(
    {
        "averageValue",
        "capacity",
        "capacityMultiplier",
        "default",
        "deviceMultiplier",
        "divisor",
        "max",
        "maxSurge",
        "maxUnavailable",
        "maximumVolumeSize",
        "min",
        "minAvailable",
        "perContainer",
        "perPod",
        "port",
        "quantity",
        "sizeLimit",
        "step",
        "targetPort",
        "tolerance",
        "validValues",
    }
)
"""Fields of Kubernetes that hold a text or a number (IntOrString, Quantity), as its OpenAPI has it.

``value``, which does in metrics only, is a text elsewhere.
"""

EITHER_VALUES: frozenset[str] = frozenset(
    {
        "allocatable",
        "allocatedResources",
        "capacity",
        "consumedCapacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "podFixed",
        "requests",
        "used",
    }
)
"""Maps whose values do."""
