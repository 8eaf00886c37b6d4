"""``python -m benchmarks.digest RESULTS``: how many findings there are, and a digest of them.

A process of its own: what is started by a process that has read a large file counts that as its own
memory (Linux takes the peak over from before ``exec``).
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Print both as JSON."""
    findings = json.loads(Path(sys.argv[1]).read_bytes())["findings"]
    verdicts = "".join(f"{item['fingerprint']} {item['verdict']}\n" for item in findings)
    digest = hashlib.sha256(verdicts.encode()).hexdigest()
    print(json.dumps({"findings": len(findings), "verdict digest": digest[:16]}))


if __name__ == "__main__":
    main()
