"""Runs that chance makes: few targets, rules and findings, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from auditor.model.enums import Severity, TargetState, Verdict
from auditor.model.history import ALL_RULES, FindingSeen, Hidden, Judging, RunSeen, TargetSeen

RULES = ("r1", "r2")
TARGETS = (("k8s://a", "uid-a"), ("k8s://b", "uid-b"), ("m/", "files"))
DESIGN = Hidden("k8s/Secret is not read by design", ("r1",), design=True)
HIDDEN = (Hidden("a gap: k8s/Pod denied", ("r1",)), Hidden("a gap: x.yaml", (ALL_RULES,)), DESIGN)


def finding(
    target: int, rule: str, name: str, element: str = "", verdict: Verdict = Verdict.FAIL
) -> FindingSeen:
    return FindingSeen(
        *(target, f"{rule}/{name}/{element}", rule, "k8s/Pod", "ml", name, element),
        *(verdict, Severity.HIGH),
    )


def run(
    number: int,
    *findings: FindingSeen,
    targets: tuple[TargetSeen, ...] = (),
    rules: tuple[str, ...] = RULES,
    key: str = "",
    manifest: str = "",
) -> RunSeen:
    """The run that ended on a day of June."""
    return RunSeen(
        manifest=manifest or f"{number:064x}",
        run=f"run-{number}",
        started=f"2026-06-{number:02d}T00:00:00.000000Z",
        finished=f"2026-06-{number:02d}T01:00:00.000000Z",
        decision="fail",
        key=key,
        judging=Judging("1.0", "p", "{}", "sha256:0", rules),
        targets=targets or (target(),),
        findings=findings,
    )


def target(
    number: int = 0, state: TargetState = TargetState.COMPLETE, **more: object
) -> TargetSeen:
    uri, uid = TARGETS[number]
    return TargetSeen(uri, uid, state, **more)  # type: ignore[arg-type]  # what a case says


_targets = st.builds(
    target,
    st.just(0),
    st.sampled_from([*[TargetState.COMPLETE] * 3, *TargetState]),
    hidden=st.one_of(st.just(()), st.sampled_from(HIDDEN).map(lambda one: (one,))),
    globs=st.sampled_from([(), (), (), ("*.bak",)]),
)
_findings = st.builds(
    finding,
    st.just(0),
    st.sampled_from(RULES),
    st.sampled_from("xy"),
    st.sampled_from(["", "c"]),
    st.sampled_from([Verdict.FAIL] * 3 + [Verdict.UNKNOWN]),
)


@st.composite
def runs(draw: st.DrawFn) -> list[RunSeen]:
    """Up to seven runs in any order, each of some of the targets."""
    made = []
    for number in draw(st.permutations(range(1, draw(st.integers(1, 7)) + 1))):
        uris = draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True))
        targets, found = [], []
        for place, (uri, uid) in enumerate(uris):
            one = draw(_targets)
            if one.state is TargetState.UNREACHABLE and "://" in uri:
                uid = "unreachable"  # noqa: PLW2901 - it did not say who it is
            targets.append(TargetSeen(uri, uid, one.state, one.hidden, one.globs))
            most = 0 if one.state is TargetState.UNREACHABLE else 3
            some = draw(st.lists(_findings, max_size=most, unique_by=lambda each: each.fingerprint))
            found += [FindingSeen(place, *(getattr(each, name) for name in _REST)) for each in some]
        rules = draw(st.sampled_from([RULES, RULES, ("r2",)]))
        found = [each for each in found if each.rule in rules]
        made.append(run(number, *found, targets=tuple(targets), rules=rules))
    return made


_REST = FindingSeen.__struct_fields__[1:]
