"""``python -m benchmarks.digest RESULTS``: how many findings and facts there are, and a digest.

A process of its own: what is started by a process that has read a large file counts that as its own
memory (Linux takes the peak over from before ``exec``).
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Print them as JSON; the digest is of verdicts, by fingerprint."""
    results = json.loads(Path(sys.argv[1]).read_bytes())
    findings = results["findings"]
    facts = sum(map(len, results.get("facts", {}).values()))
    verdicts = "".join(f"{item['fingerprint']} {item['verdict']}\n" for item in findings)
    digest = hashlib.sha256(verdicts.encode()).hexdigest()
    print(json.dumps({"findings": len(findings), "facts": facts, "verdict digest": digest[:16]}))


if __name__ == "__main__":
    main()
