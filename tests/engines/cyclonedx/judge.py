"""Says what is wrong with documents of CycloneDX, a line of JSON for each that something is.

The arguments are the folder of the packages and the documents, which the strict validator of
cyclonedx-python-lib judges by the official schema of their version.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path


def main(root: Path, files: list[Path]) -> None:
    """Judge each document."""
    sys.path[:0] = [str(root / "library")]
    strict = import_module("cyclonedx.validation.json").JsonStrictValidator
    versions = import_module("cyclonedx.schema").SchemaVersion
    for file in files:
        text = file.read_text()
        version = versions.from_version(json.loads(text)["specVersion"])
        problem = strict(version).validate_str(text)
        if problem is not None:
            sys.stdout.write(json.dumps([file.name, str(problem)[:500]]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
