"""How often Intel's plugin gives out a GPU: what its operator is told, or the plugin itself.

::

    GpuDevicePlugin  sharedDevNum: 10                      the operator starts the plugin so
                     nodeSelector: {pool: shared}          on these nodes
    DaemonSet        args [-shared-dev-num, "10"]          what it starts; or without any operator
                     args [-shared-dev-num=300, …]         as in the plugin's own kustomize overlays

An option of a Go program stands with one dash or two, its number behind an equals sign or in the
argument that follows; of several the last counts. No label of a node says any of this. A plugin
runs on the nodes that its selector fits; what an affinity leaves out is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from auditor.analysis.gpu.plugins import Sharing, arguments_of, containers_in, selector_of
from auditor.analysis.loose import mapping
from auditor.late import late
from auditor.secrets.hints import find

_OPTION: Final = late(r"--?shared-dev-num(?:=([0-9]{1,9}))?")
_MARK: Final = b"shared-dev-num"
_ESCAPED: Final = b"\\u"
"""How JSON writes any other letter, so that nobody hides the mark."""
_NUMBER: Final = late(r"[0-9]{1,9}")


def told(spec: Mapping[str, object]) -> Sharing:
    """Say how a GpuDevicePlugin lets GPUs be given out, and where."""
    return Sharing(times_told(spec), selector_of(spec))


def started(template: Mapping[str, object]) -> Sharing:
    """Say how a plugin that a pod template starts gives out GPUs, and where."""
    return Sharing(times_started(template), selector_of(mapping(template.get("spec"))))


def may_share(body: bytes) -> bool:
    """Say whether a pod template may start the plugin with its option, by what is written in it."""
    return find(body, _MARK) >= 0 or find(body, _ESCAPED) >= 0


def times_told(spec: Mapping[str, object]) -> int:
    """Say how often a GpuDevicePlugin lets a GPU be given out; 1 where it does not say."""
    times = spec.get("sharedDevNum")
    return times if isinstance(times, int) and not isinstance(times, bool) and times > 1 else 1


def times_started(template: Mapping[str, object]) -> int:
    """Say how often a plugin that a pod template starts gives out a GPU; 1 for any other pod."""
    containers = containers_in(mapping(template.get("spec")))
    return max((_times(arguments_of(each)) for each in containers), default=1)


def _times(arguments: Sequence[str]) -> int:
    times = 1
    for argument, following in pairwise((*arguments, "")):
        option = _OPTION.fullmatch(argument)
        if option is not None:
            number = option[1] or (following if _NUMBER.fullmatch(following) else "1")
            times = int(number)
    return times
