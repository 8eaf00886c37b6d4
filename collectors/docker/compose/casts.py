"""Which texts of a compose file stand for numbers and truth values.

``privileged: "${PRIVILEGED:-true}"`` is a text until variables are in, and true then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auditor.late import late
from collectors.docker.compose.nodes import ITEM, Path, Scalar

Cast = Callable[[str], Scalar]

_TRUTHS: Final = {
    **dict.fromkeys(("true", "y", "yes", "on"), True),
    **dict.fromkeys(("false", "n", "no", "off"), False),
}
_NUMBER: Final = late(r"[-+]?[0-9]+")
_ANY: Final = "*"


def _truth(text: str) -> Scalar:
    return _TRUTHS[text.lower()]


def _integer(text: str) -> Scalar:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> Scalar:
    if "_" in text or text != text.strip():
        raise ValueError(text)
    return float(text)


_SERVICE: Final[dict[Path, Cast]] = {
    **dict.fromkeys(
        (
            *(("init",), ("oom_kill_disable",), ("privileged",), ("read_only",)),
            *(("stdin_open",), ("tty",), ("healthcheck", "disable")),
            *(("depends_on", _ANY, "required"), ("depends_on", _ANY, "restart")),
            *(("volumes", ITEM, "read_only"), ("volumes", ITEM, "volume", "nocopy")),
            *(("post_start", ITEM, "privileged"), ("pre_stop", ITEM, "privileged")),
            *(("build", "privileged"), ("develop", "watch", ITEM, "exec", "privileged")),
        ),
        _truth,
    ),
    **dict.fromkeys(
        (
            *(("cpu_count",), ("cpu_period",), ("cpu_quota",), ("cpu_rt_period",)),
            *(("cpu_rt_runtime",), ("cpu_shares",), ("oom_score_adj",), ("pids_limit",)),
            *(("scale",), ("healthcheck", "retries"), ("ports", ITEM, "target")),
            *(("ulimits", _ANY), ("ulimits", _ANY, "hard"), ("ulimits", _ANY, "soft")),
            *(("deploy", "replicas"), ("deploy", "restart_policy", "max_attempts")),
        ),
        _integer,
    ),
    ("cpus",): _number,
    ("cpu_percent",): _number,
}
_FIRST_ANY: Final = frozenset({"ulimits", "depends_on"})
_TOP: Final = frozenset({"networks", "volumes", "secrets", "configs"})
_TOP_TRUTHS: Final = frozenset(
    {"external", "internal", "attachable", "enable_ipv4", "enable_ipv6"},
)


def cast_of(path: Path) -> Cast | None:
    """What makes a value of the text at a path; None where it stays a text."""
    if len(path) < 3:
        return None
    if path[0] in _TOP:
        return _truth if len(path) == 3 and path[2] in _TOP_TRUTHS else None
    if path[0] not in ("services", "jobs"):
        return None
    rest = path[2:]
    if rest[0] == "pre_start":
        rest = rest[2:]
    if len(rest) > 1 and rest[0] in _FIRST_ANY:
        rest = (rest[0], _ANY, *rest[2:])
    return _SERVICE.get(rest)
