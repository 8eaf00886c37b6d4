"""What is asked: rules, controls and profiles from YAML, validated, resolved, compiled."""

from __future__ import annotations

from pathlib import Path

import auditor
from auditor.policy.cachefile import CacheFolder
from auditor.policy.compile import ProgramCache, compile_profile, compile_rule
from auditor.policy.compiled import ActiveRule, CompiledProfile, MessageTemplate
from auditor.policy.load import cache_name, cache_stamp, load
from auditor.policy.policyset import PolicySet, digest_of, policy_files
from auditor.policy.resolve import ChosenRule, ResolvedProfile, resolve
from auditor.policy.shipped import Shipped

__all__ = [
    "ActiveRule",
    "CacheFolder",
    "ChosenRule",
    "CompiledProfile",
    "MessageTemplate",
    "PolicySet",
    "ProgramCache",
    "ResolvedProfile",
    "Shipped",
    "cache_name",
    "cache_stamp",
    "compile_profile",
    "compile_rule",
    "digest_of",
    "load",
    "policies_folder",
    "policy_files",
    "resolve",
]


def policies_folder() -> Path:
    """The built-in policies: beside the code in a wheel, at the root of a checkout."""
    package = Path(auditor.__file__).parent
    inside = package / "_policies"
    return inside if inside.is_dir() else package.parent / "policies"
