"""The command line with the toy platform beside those that come with the program.

``python -m tests.platforms.toy scan toy://127.0.0.1:8000 --policies … --profile toy``
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import MappingProxyType

from auditor.analysis.analyses import Table
from auditor.cli.app import run
from auditor.cli.wiring import SHIPPED, CollectorOptions, Wiring
from auditor.platforms import Platforms
from tests.platforms.toy.analyses import ANALYSES
from tests.platforms.toy.collector import Live, reader
from tests.platforms.toy.files import INVENTORIES
from tests.platforms.toy.platform import TOY


def _live(text: str, settings: CollectorOptions) -> Live:
    del settings
    return Live(text.rstrip("/"))


def wiring() -> Wiring:
    """Add one platform to what is shipped: one line each."""
    shipped = SHIPPED
    return Wiring(
        platforms=Platforms((*shipped.platforms, TOY)),
        analyses=Table(
            of_objects=(*shipped.analyses.of_objects, *ANALYSES.of_objects),
            joining=(*shipped.analyses.joining, *ANALYSES.joining),
            completing=shipped.analyses.completing,
        ),
        collectors=MappingProxyType({**shipped.collectors, "toy": _live}),
        readers=MappingProxyType({**shipped.readers, "toy": reader}),
        recognisers=(*shipped.recognisers, lambda: INVENTORIES),
        roles=shipped.roles,
        scripts=shipped.scripts,
        formats=shipped.formats,
    )


def main(arguments: Sequence[str]) -> int:
    """Run one command."""
    return run(arguments, wiring())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
