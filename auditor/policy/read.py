"""Policy files to a policy set; all errors of all files are collected before anything stops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from auditor.errors import Location, PolicyErrors
from auditor.platforms import PLATFORMS, Platforms
from auditor.policy.begun import begun
from auditor.policy.check import check
from auditor.policy.compile import compile_rule
from auditor.policy.found import Found
from auditor.policy.mapping import merge_mappings
from auditor.policy.policyset import FOLDERS, PolicyFile, PolicySet, first_files
from auditor.policy.read_controls import read_controls
from auditor.policy.read_profile import read_profile
from auditor.policy.read_rule import read_rule
from auditor.policy.read_table import read_table
from auditor.policy.resolve import ChosenRule
from auditor.policy.shipped import Shipped
from auditor.policy.yamlfile import Reader


def read_policy(
    folders: Sequence[Path],
    files: Sequence[PolicyFile],
    digest: str,
    platforms: Platforms = PLATFORMS,
    shipped: Shipped | None = None,
) -> PolicySet:
    """Make a policy set of files; ``folders`` are where they are from, the built-in one first.

    Names of built-in files are shown relative to their folder. What is ``shipped`` of them is not
    read again.

    Raises:
        PolicyErrors: anything is wrong with any file.
    """
    known = None if shipped is None else begun(files, platforms, shipped)
    found = known or Found(platforms=platforms)
    read_into(found, files if known is None else [file for file in files if file.folder != 0])
    return concluded(found, folders, files, digest)


def read_into(found: Found, files: Iterable[PolicyFile]) -> None:
    """Add what each file says for itself."""
    for file in files:
        _read_file(file, found)


def concluded(
    found: Found, folders: Sequence[Path], files: Sequence[PolicyFile], digest: str
) -> PolicySet:
    """What all files say together.

    Raises:
        PolicyErrors: anything is wrong with any of them.
    """
    used = {file.folder for file in files}
    for number, folder in enumerate(folders):
        if number not in used:
            hint = f"policy files are *.yaml in its folders {', '.join(FOLDERS)}"
            found.fail(Location(str(folder)), "no policy files", hint)
    merge_mappings(found)
    check(found)
    known = {file.path.stem for file in first_files(files)}
    _check_expressions(found, known)
    if found.errors:
        raise PolicyErrors(tuple(found.errors))
    return PolicySet(
        rules=dict(sorted(found.rules.items())),
        controls=dict(sorted(found.controls.items())),
        frameworks=dict(sorted(found.frameworks.items())),
        profiles=dict(sorted(found.profiles.items())),
        tables=found.tables,
        digest=digest,
    )


def _read_file(file: PolicyFile, found: Found) -> None:
    kind, stem = file.name.partition("/")[0], file.path.stem
    found.files.append((kind, stem))
    shown = file.name if file.folder == 0 else str(file.path)
    if file.problem:
        found.fail(Location(shown), file.problem)
        return
    if file.path.suffix != ".yaml":
        hint = "or move it out of the way, if it is not a policy"
        found.fail(Location(shown), f"name it {stem}.yaml", hint)
        return
    reader = Reader(file.data, shown, found.errors)
    if reader.root is None:
        return
    match kind:
        case "rules":
            read_rule(reader, stem, found)
        case "controls":
            read_controls(reader, stem, found)
        case "profiles":
            read_profile(reader, stem, found)
        case _:
            read_table(reader, stem, found)


def _check_expressions(found: Found, known: AbstractSet[str]) -> None:
    """Compile what users wrote: a rule that no profile selects has to be right as well.

    ``known`` are the rules that come with the program; a test compiles them.
    """
    for rule in found.rules.values():
        if rule.id not in known:
            params = {parameter.name: parameter.default for parameter in rule.parameters}
            compile_rule(ChosenRule(rule, rule.severity, params), found.errors)
