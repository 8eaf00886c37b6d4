"""Resources that are no device, but a look at all of them: Intel's plugin gives them to monitors.

::

    GpuDevicePlugin  enableMonitoring: true       (or the plugin's own -enable-monitoring)
    Node             gpu.intel.com/i915: 8   gpu.intel.com/monitoring: 1
    Pod              asks for one gpu.intel.com/monitoring, and has the device nodes of all eight

The nodes are writable, since the kernel asks for that to read a counter; so who has them can run
what it likes on every GPU. One such resource is on a node, and the first who asks has it: nothing
but a quota says who may. Its name depends on the plugin: ``i915_monitoring``, from 0.30 on with
``xe_monitoring`` beside it for the GPUs of the other kernel driver; from 0.36 on ``monitoring`` for
all, or those of the drivers where ``monitoringMode`` is ``split``.

A pod comes to a node with such a resource only where the node offers it, as the scheduler and the
kubelet both look. So it is certain that it has the GPUs, except where the node has been read and
does not offer it: then the plugin was set otherwise since, or the kubelet is about to refuse.

Source: intel-device-plugins-for-kubernetes 0.21, 0.26, 0.35 and 0.36, ``cmd/gpu_plugin``.
"""

from __future__ import annotations

from typing import Final

from auditor.analysis.gpu.makers import INTEL

_ALL: Final = "gpu.intel.com/monitoring"
_OF_DRIVER: Final = "_monitoring"


def monitored(resource: str) -> str:
    """Say which GPUs a resource gives a look at: how their own begin; "" for no such resource."""
    if resource == _ALL:
        return INTEL
    if resource.startswith(INTEL) and resource.endswith(_OF_DRIVER):
        return resource.removesuffix(_OF_DRIVER)
    return ""
