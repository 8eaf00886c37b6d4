"""The closed sets. Every ``match`` over one of them ends in ``assert_never``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final


class Verdict(StrEnum):
    """What one rule says of one resource (XCCDF 1.2 ``ruleResultEnumType``, narrowed)."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    MANUAL = "manual"


class Severity(StrEnum):
    """How bad a failing finding is.

    ``rank`` orders them, critical highest.
    """

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Confidence(StrEnum):
    """How sure a rule is that a fail is a real fault."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class About(Enum):
    """What a rule is about: an object wherever it was read, or how it is written in a file.

    ``COMMITS`` is about what is kept in files: what came on standard input or was rendered is not.
    """

    OBJECTS = "objects"
    FILES = "files"
    COMMITS = "commits"

    @property
    def of_files(self) -> bool:
        """Whether no live target is read for a rule that is about this."""
        return self is not About.OBJECTS


class GapCause(StrEnum):
    """Why something that should have been read was not.

    It is a text, so that gaps have an order.
    """

    DENIED = "denied"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    UNSUPPORTED = "unsupported"
    MALFORMED = "malformed"
    INTERNAL = "internal"


class Answered(Enum):
    """How a query ended: refused, absent, empty and cut short are different facts.

    ``INTERNAL`` is that we failed on it: a bug of ours.
    """

    OK = "ok"
    DENIED = "denied"
    NOT_FOUND = "not-found"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    INTERNAL = "internal"


CAUSES: Final[Mapping[Answered, GapCause]] = MappingProxyType(
    {
        Answered.DENIED: GapCause.DENIED,
        Answered.NOT_FOUND: GapCause.UNSUPPORTED,
        Answered.UNREACHABLE: GapCause.UNREACHABLE,
        Answered.TIMEOUT: GapCause.TIMEOUT,
        Answered.TRUNCATED: GapCause.TRUNCATED,
        Answered.MALFORMED: GapCause.MALFORMED,
        Answered.INTERNAL: GapCause.INTERNAL,
    }
)
"""What a gap calls each way to get no answer."""

ANSWERED: Final[Mapping[GapCause, Answered]] = MappingProxyType(
    {cause: answered for answered, cause in CAUSES.items()}
)
"""How a query ended that left a gap."""


class TargetState(StrEnum):
    """How much of a target was read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"


class ControlState(StrEnum):
    """Whether a requirement is met (OSCAL ``objective-status``, and states that are neither).

    ``SUPPORTED``: all rules that speak to it pass, and that they do is our own mapping, so no more
    is said than that. ``NOT_ASSESSED``: the profile has no rule for it, or nothing of the platform
    that its rules are about was there, so nothing was looked at. ``MANUAL``: a person has to answer
    it. ``ATTESTED``: a person did, for a while. ``NOT_COVERED``: no rule of this program speaks to
    it.
    """

    SATISFIED = "satisfied"
    SUPPORTED = "supported"
    ATTESTED = "attested"
    NOT_SATISFIED = "not-satisfied"
    UNDETERMINED = "undetermined"
    MANUAL = "manual"
    NOT_ASSESSED = "not-assessed"
    NOT_COVERED = "not-covered"


class Basis(StrEnum):
    """What it means for a control that its rules pass.

    ``CHECKS``: the framework asks for the settings themselves that the rules look at, as a
    benchmark does, so the control is satisfied. ``SUPPORTS``: that a rule speaks to the control is
    our own mapping, so it is supported and never satisfied.
    """

    CHECKS = "checks"
    SUPPORTS = "supports"


class Decider(StrEnum):
    """What would decide a control that rules can't decide yet.

    ``API``: what a target answers. ``HOST``: files and processes of the host itself.
    ``IMAGE_SCAN``: what is in an image. ``PROVIDER``: the account at the provider of a managed
    cluster. ``PERSON``: nobody but a person.
    """

    API = "api"
    HOST = "host"
    IMAGE_SCAN = "image-scan"
    PROVIDER = "provider"
    PERSON = "person"


class Decision(StrEnum):
    """What the gate says of a whole run."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    FAIL = "fail"
    INCOMPLETE = "incomplete"
