"""Small policy folders, and what loading them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.errors import PolicyErrors
from auditor.policy import PolicySet, load

RULE = """\
id: acme-bad
title: Something is bad
severity: high
confidence: medium
applies-to: k8s/Deployment
when: has(object.spec)
check: object.spec.replicas >= params.least
message: "{object.metadata.name} has {object.spec.replicas}"
parameters:
  least: {type: int, default: 2, min: 1, max: 9, description: How many there must be}
tags: [workload]
controls: [acme:one]
aliases: [acme-old]
rationale: It breaks.
remediation: Set more.
references: [https://acme.example/one]
examples:
  - name: enough
    expect: pass
    object: {spec: {replicas: 2}}
  - name: one
    expect: fail
    params: {least: 3}
    object: {spec: {replicas: 2}}
"""
PROFILE = """\
id: acme
title: Ours
description: What we want.
select:
  - {tags: [workload], severity: low}
exclude:
  - {controls: [other]}
parameters: {least: 3, acme-bad.least: 4}
overrides:
  - {rule: acme-bad, severity: critical, reason: It broke.}
gate: high
"""
CONTROLS = """\
framework: acme
title: Ours
url: https://acme.example/
controls:
  - {id: one, title: Enough of everything}
"""
OTHER_CONTROLS = CONTROLS.replace("acme\n", "other\n")
CONTENTS = """\
- {kind: Release, group: a.example, at: ["spec.chart[*][*].x"], what: a chart, hint: render it,
   reference: "https://a.example"}
"""
TABLE = """\
- {kind: Trainer, group: ml.acme.example, templates: [spec.worker.template], shape: template}
"""
RELEASES = """
- component: runc
  from: "1.3"
  before: "1.6"
  fixes: true
  until: "2027-01-31"
  as-of: "2026-11-12"
  reference: https://example.com/releases
"""
ADVISORIES = """
- id: CVE-2026-1
  component: runc
  severity: high
  what: A container gets out.
  ranges: [{before: "1.2.8"}, {from: "1.3", before: "1.3.3"}]
  when: cdi
  unless: cdi-alone
  published: "2026-11-01"
  as-of: "2026-11-12"
  reference: https://example.com/advisories
"""
ADVISORIES_OF_BRANCHES = """
- id: CVE-2026-2
  component: nvidia-driver
  severity: low
  what: A container gets out.
  branches: {"580": "580.159.03"}
  as-of: "2026-11-12"
  reference: https://example.com/advisories
"""
STACK_IMAGES = """
- {component: a-server, images: [acme/server], part: 2, except: [sdk], reference: "https://a.example"}
"""
COMPONENTS = """\
- {name: a plugin, namespaces: [gpus], owners: [DaemonSet], accounts: [plugin], images: [r.io/a],
   reference: "https://a.example"}
"""
REFUSED_PROGRAMS = f"""
- {{program: trivy, version: "0.69.4", what: it stole, reference: "https://a.example"}}
- {{program: trivy, digest: "sha256:{"a" * 64}", what: it stole, reference: "https://a.example"}}
"""
TENANCY_KEYS = """\
- {of: label, name: team, with: {managed: by-us}, set-by: a platform, reference: "https://a.example"}
"""
OTHER_RULE = (
    RULE.replace("acme-bad", "acme-other")
    .replace("acme-old", "acme-older")
    .replace("acme:one", "other:one")
)
FILES: Mapping[str, str] = {
    "rules/acme-bad.yaml": RULE,
    "rules/more/acme-other.yaml": OTHER_RULE,
    "profiles/acme.yaml": PROFILE,
    "controls/acme.yaml": CONTROLS,
    "controls/other.yaml": OTHER_CONTROLS,
    "tables/pod-templates.yaml": TABLE,
}


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Put files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def edited(file: str, *edits: tuple[str, str]) -> dict[str, str]:
    """``FILES`` with texts in one file replaced, each of which must be there."""
    text = FILES[file]
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**FILES, file: text}


def loaded(folder: Path, files: Mapping[str, str | bytes]) -> PolicySet:
    """Load files that are all there is."""
    return load((write(folder, files),))


def complaints(folder: Path, files: Mapping[str, str | bytes]) -> list[str]:
    """What is wrong with files, each as ``place: message (hint)``."""
    try:
        loaded(folder, files)
    except PolicyErrors as error:
        return told(error)
    return []


def told(error: PolicyErrors) -> list[str]:
    """Errors as ``place: message (hint)``."""
    return [f"{each}{f' ({each.hint})' if each.hint else ''}" for each in error.errors]
