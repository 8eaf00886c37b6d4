"""What most programs do: read machines by the objects of pyVmomi.

python -m benchmarks.vcenter_models PORT CA COUNT
"""

from __future__ import annotations

import ssl
import sys

from pyVmomi import SoapStubAdapter, vim, vmodl

from collectors.vsphere.kinds.kind import known_to
from collectors.vsphere.kinds.machines import MACHINES
from tests.faults.vcenters import PASSWORD

_VERSION = "8.0.3"


def main(port: int, authority: str, count: int) -> None:
    """Read all machines, a page at a time, and keep nothing."""
    trusted = ssl.create_default_context(cafile=authority)
    stub = SoapStubAdapter("127.0.0.1", port, version="vim.version.v8_0_2_0", sslContext=trusted)
    content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    content.sessionManager.Login("audit", PASSWORD, None)
    queries = vmodl.query.PropertyCollector
    paths = [each.path for each in known_to(_VERSION, MACHINES)]
    asked = queries.FilterSpec(
        objectSet=[queries.ObjectSpec(obj=content.rootFolder, skip=False)],
        propSet=[queries.PropertySpec(type=vim.VirtualMachine, pathSet=paths, all=False)],
    )
    collector, found = content.propertyCollector, 0
    page = collector.RetrievePropertiesEx([asked], queries.RetrieveOptions(maxObjects=100))
    while page:
        found += len(page.objects)
        token = page.token
        page = collector.ContinueRetrievePropertiesEx(token) if token else None
    if found != count:
        raise RuntimeError(f"{found} machines, not {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
