"""Build what is shipped of the policies beside this program: ``python -m auditor.policy.build``."""

from __future__ import annotations

import sys
from pathlib import Path

from auditor.errors import PolicyErrors
from auditor.platforms import PLATFORMS
from auditor.policy import PolicySet, policies_folder
from auditor.policy.begun import pack
from auditor.policy.compile import packed_programs
from auditor.policy.found import Found
from auditor.policy.policyset import digest_files, read_files
from auditor.policy.read import concluded, read_into
from auditor.policy.shipped import PACKAGE, write_shipped


def build(folder: Path, package: Path = PACKAGE) -> PolicySet:
    """Read and compile all policies of a folder, and leave beside the code what comes of them.

    Raises:
        PolicyErrors: one is wrong.
    """
    files = read_files((folder,))
    found = Found()
    read_into(found, files)
    begun = pack(found)
    policy = concluded(found, (folder,), files, digest_files(files))
    programs = packed_programs(policy)
    write_shipped(policy, begun, programs, (each.name for each in PLATFORMS), package)
    return policy


def main() -> int:
    """Build it of the policies that are shipped, whatever profiles select of them; 1 if wrong."""
    try:
        build(policies_folder())
    except PolicyErrors as error:
        sys.stderr.writelines(f"{each.location}: {each.message}\n" for each in error.errors)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
