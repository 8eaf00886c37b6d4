"""How often plugins of other makers give out a device, by what they are started with.

::

    DaemonSet  args ["device-plugin -volcanoType=false -shareDevCount=4"]     each chip four times
               args ["… -shareDevCount=100 -softShareDevConfigDir=/share/"]   in soft slices
    DaemonSet  args [--mode=env-share, --virtualization-num=10]               each card ten times

Huawei's is started by a shell, with all of its options in one text; its soft slices are held to
their size by a library in the container. Cambricon's looks at its number in the mode env-share
alone. A plugin runs on the nodes that its selector fits, as Intel's does (:mod:`intel`).

Sources: MindCluster's guides to shared devices and to soft virtualization, ascend-device-plugin
(``main.go``); cambricon-k8s-device-plugin's README.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from auditor.analysis.gpu.isolation import Mechanism
from auditor.analysis.gpu.makers import ASCEND, CAMBRICON
from auditor.analysis.gpu.plugins import Sharing, arguments_of, containers_in, selector_of
from auditor.analysis.loose import mapping
from auditor.late import late
from auditor.secrets.hints import find

_MARKS: Final = (b"shareDevCount", b"virtualization-num", b"\\u")
"""The last is how JSON writes any other letter, so that nobody hides one."""
_CHIPS: Final = late(r"(?:^|\s)--?shareDevCount[=\s]([0-9]{1,9})(?=\s|$)")
_SOFT: Final = late(r"(?:^|\s)--?softShareDevConfigDir[=\s]\S")
_CARDS: Final = late(r"(?:^|\s)--?virtualization-num[=\s]([0-9]{1,9})(?=\s|$)")
_SHARES: Final = late(r"(?:^|\s)--?mode[=\s]env-share(?=\s|$)")


def may_take_turns(body: bytes) -> bool:
    """Say whether a pod template may start such a plugin, by what is written in it."""
    return any(find(body, mark) >= 0 for mark in _MARKS)


def turns_of(template: Mapping[str, object]) -> Iterator[Sharing]:
    """Yield how plugins that a pod template starts give out devices; of most there are none."""
    spec = mapping(template.get("spec"))
    for container in containers_in(spec):
        text = " ".join(arguments_of(container))
        chips, cards = _CHIPS.findall(text), _CARDS.findall(text)
        if chips:  # of several the last counts
            soft = _SOFT.search(text) is not None
            how = Mechanism.SOFT_SLICE if soft else Mechanism.TIME_SLICING
            yield Sharing(int(chips[-1]), selector_of(spec), ASCEND, how.value)
        if cards and _SHARES.search(text):
            yield Sharing(int(cards[-1]), selector_of(spec), CAMBRICON)
