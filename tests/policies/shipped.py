"""The policies that come with the program, read once for all tests of a process."""

from __future__ import annotations

from typing import Final

from auditor.policy import load, policies_folder

POLICY: Final = load((policies_folder(),))
RULES: Final = POLICY.rules
