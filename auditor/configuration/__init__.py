r"""The configuration: what a person would type each time, in a file.

::

    # auditor.yaml, beside .git
    targets: [deploy/, compose.yaml]
    profile: pod-security-restricted
    parameters: {version: "1.33"}
    fail-on: high, coverage<95
    waivers: waivers.yaml
    outputs: {sarif: auditor.sarif}

    $ auditor scan            goes by it: no target is named
    $ auditor scan deploy/    does not: who names targets names the rest, or --config auditor.yaml

``values`` has what a file says, ``reading`` makes it of YAML, with the line of everything that is
wrong. ``finding`` looks for a file that nobody named, and does not believe what others may have
written; ``confined`` keeps such a file to the folder that it was found in: whoever clones a
repository did not choose its configuration, so it can't run a program, send a password anywhere, or
read and write outside.
"""
