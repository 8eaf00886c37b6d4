"""The step of a build that reads and compiles the policies once, so that no first scan has to."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedPolicies(BuildHookInterface[Any]):
    """Writes ``auditor/_shipped.bin``: see :mod:`auditor.policy.shipped`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it from the sources that are about to be packed.

        Raises:
            SystemExit: a policy is wrong; its place and reason are on stderr.
        """
        del version, build_data
        sys.path.insert(0, self.root)
        from auditor.policy.build import main  # noqa: PLC0415 - from the sources of this build

        if main() != 0:
            sys.exit(1)
