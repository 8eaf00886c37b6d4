"""Build what is shipped of the policies beside this program: ``python -m auditor.policy.build``."""

from __future__ import annotations

import sys

from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS
from auditor.policy import load, policies_folder
from auditor.policy.compile import packed_programs
from auditor.policy.shipped import write_shipped


def main() -> int:
    """Read and compile all policies, whatever profiles select of them; 1 if one is wrong."""
    try:
        policy = load((policies_folder(),))
        programs = packed_programs(policy)
    except PolicyErrors as error:
        sys.stderr.writelines(f"{each.location}: {each.message}\n" for each in error.errors)
        return 1
    write_shipped(policy, programs, (each.name for each in PLATFORMS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
