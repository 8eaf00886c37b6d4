"""What a label selector selects of many pods, without a look at each for each selector.

Pods with equal labels are one class. A set of classes is an integer, a bit a class, so that a
selector is a few operations on integers, however many pods there are::

    classes    0: app=web, tier=front    1: app=web    2: (of a RayCluster) app=ray
    app In (web)              0b011
    tier DoesNotExist         0b010, and perhaps 0b100: an operator may add labels
    both                      0b010: something is selected, which is all that is asked

What is not known of a class may be so or not: a label that a controller or an operator adds, a
value that was left out as a secret. A selector that only such a class can satisfy is undecided.

Source: metav1.LabelSelector and its LabelSelectorAsSelector, labels.Requirement.Matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import reduce
from operator import or_
from typing import Final

import msgspec

from auditor.secrets.marks import has_marker

ADDED: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
"""Labels that Kubernetes' own controllers and admission give to the pods of a template."""


class Operator(Enum):
    """How a requirement compares."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class More(Enum):
    """Which labels pods may have beside those that are written."""

    NONE = "none"
    OF_CONTROLLERS = "controllers"
    ANY = "any"


class Selected(Enum):
    """What a selector selects, as far as anybody can tell."""

    SOME = "some"
    NONE = "none"
    UNKNOWN = "unknown"


class Requirement(msgspec.Struct, frozen=True):
    """One condition of a selector; all of them have to hold."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it as kubectl takes it."""
        match self.operator:
            case Operator.IN if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case Operator.IN:
                return f"{self.key} in ({', '.join(self.values)})"
            case Operator.NOT_IN:
                return f"{self.key} notin ({', '.join(self.values)})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"


Requirements = tuple[Requirement, ...]


def of_labels(labels: object) -> Requirements | None:
    """Read labels that have to be there, None when they are not labels."""
    if labels is None:
        return ()
    if not isinstance(labels, dict):
        return None
    if not all(isinstance(value, str) for value in labels.values()):
        return None
    return tuple(Requirement(key, Operator.IN, (value,)) for key, value in sorted(labels.items()))


def of_selector(selector: object) -> Requirements | None:
    """Read a LabelSelector, None where no API server takes it."""
    if selector is None:
        return ()
    if not isinstance(selector, dict):
        return None
    labels = of_labels(selector.get("matchLabels"))
    expressions = selector.get("matchExpressions") or []
    if labels is None or not isinstance(expressions, list):
        return None
    found = [_requirement(each) for each in expressions]
    whole = [each for each in found if each is not None]
    return None if len(whole) < len(found) else (*labels, *whole)


def _requirement(expression: object) -> Requirement | None:
    if not isinstance(expression, dict) or not isinstance(expression.get("key"), str):
        return None
    values = expression.get("values") or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        return None
    try:
        operator = Operator(expression.get("operator"))
    except ValueError:
        return None
    if bool(values) is not (operator in {Operator.IN, Operator.NOT_IN}):
        return None
    return Requirement(expression["key"], operator, tuple(sorted(set(values))))


class PodClass(msgspec.Struct, frozen=True, gc=False):
    """Pods with equal labels: a value that is not a text is not known, and may be any.

    ``count`` is how many pods and pod templates there are of it.
    """

    labels: Mapping[str, object]
    more: More = More.NONE
    count: int = 1


class PodClasses:
    """The classes of pods of a namespace, as sets of bits by what they have."""

    def __init__(self, classes: Iterable[PodClass]) -> None:
        self._values: dict[tuple[str, str], list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        self._veiled: dict[str, list[int]] = {}
        more: dict[More, list[int]] = {}
        self.count = 0
        for number, each in enumerate(classes):
            self.count += 1
            more.setdefault(each.more, []).append(number)
            for key, value in each.labels.items():
                self._keys.setdefault(key, []).append(number)
                if isinstance(value, str) and not has_marker(value):
                    self._values.setdefault((key, value), []).append(number)
                else:
                    self._veiled.setdefault(key, []).append(number)
        self._all = (1 << self.count) - 1
        self._any = self._bits(more.get(More.ANY, ()))
        self._controlled = self._bits(more.get(More.OF_CONTROLLERS, ()))
        self._known: dict[int, tuple[Sequence[int], int]] = {}

    def select(self, requirements: Requirements) -> Selected:
        """Say whether some class satisfies all requirements."""
        surely, possibly = self.sets(requirements)
        if surely:
            return Selected.SOME
        return Selected.UNKNOWN if possibly else Selected.NONE

    def sets(self, requirements: Requirements) -> tuple[int, int]:
        """Find the classes that satisfy all requirements, and with them those that may.

        Both are sets of bits; a class is the bit of its number.
        """
        surely = possibly = self._all
        for each in requirements:
            yes, perhaps = self._of(each)
            surely &= yes
            possibly &= yes | perhaps
            if not possibly:
                return 0, 0
        return surely, possibly

    def _of(self, each: Requirement) -> tuple[int, int]:
        """Find the classes that satisfy a requirement, and those that may."""
        if any(map(has_marker, each.values)):
            return 0, self._all
        has = self._set(self._keys.get(each.key, ()))
        more = (self._any | (self._controlled if each.key in ADDED else 0)) & ~has
        match each.operator:
            case Operator.EXISTS:
                return has, more
            case Operator.DOES_NOT_EXIST:
                return self._all & ~has & ~more, more
            case Operator.IN | Operator.NOT_IN:
                lists = (self._values.get((each.key, value), ()) for value in each.values)
                equal = reduce(or_, map(self._set, lists), 0)
                perhaps = more | self._set(self._veiled.get(each.key, ()))
                if each.operator is Operator.IN:
                    return equal, perhaps
                return self._all & ~equal & ~perhaps, perhaps

    def _set(self, numbers: Sequence[int]) -> int:
        """Make the set of some classes; the few that are large are made once."""
        if len(numbers) * 64 < self.count:
            return self._bits(numbers)
        known = self._known.get(id(numbers))
        if known is None:
            known = self._known[id(numbers)] = numbers, self._bits(numbers)
        return known[1]

    def _bits(self, numbers: Sequence[int]) -> int:
        if not numbers:
            return 0
        made = bytearray(self.count // 8 + 1)
        for number in numbers:
            made[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(made, "little")
