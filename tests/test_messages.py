"""Where several processes run tests, all is told of a test that is not simply that it passed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.inner import ran_tests
from tests.messages import SHOWN, worth

PHASES = ("setup", "call", "teardown")


def report(when: str, duration: float = SHOWN / 4, **more: object) -> pytest.TestReport:
    given = {"nodeid": "a", "location": ("a", 1, "a"), "keywords": {}, "outcome": "passed"}
    given |= {"longrepr": None, "when": when, "sections": (), "duration": duration}
    return pytest.TestReport(**{**given, **more})


def test_a_test_that_passed_is_one_report_with_the_time_of_all() -> None:
    (only,) = worth([report(each) for each in PHASES])
    assert (only.when, only.duration) == ("call", 3 * SHOWN / 4)


@pytest.mark.parametrize(
    "loud",
    [
        report("teardown", SHOWN),
        report("teardown", sections=[("Captured stdout call", "x")]),
        report("teardown", user_properties=[("a", "b")]),
    ],
)
def test_a_phase_that_says_something_stays(loud: pytest.TestReport) -> None:
    call = report("call")
    assert worth([report("setup"), call, loud]) == [call, loud]
    assert call.duration == 2 * SHOWN / 4, "not that of what speaks for itself"


@pytest.mark.parametrize("which", PHASES)
@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_of_what_did_not_pass_all_is_sent(which: str, outcome: str) -> None:
    reports = [report(each, outcome=outcome if each == which else "passed") for each in PHASES]
    assert worth(reports) == reports
    assert worth(reports[::2]) == reports[::2], "as where there was no call"


TESTS = """
import time
import pytest

@pytest.fixture
def slow():
    time.sleep(0.2)

@pytest.fixture
def broken():
    raise ValueError("in a fixture")

@pytest.fixture
def breaks():
    yield
    raise ValueError("behind it")

def test_passes(): pass
def test_prints(): print("a line")
def test_waits(slow): pass
def test_tells(record_property): record_property("name", "value")
def test_fails(): assert 0, "it is wrong"
def test_has_no_fixture(broken): pass
def test_is_ended_badly(breaks): pass
def test_is_left_out(): pytest.skip("not here")
"""
TOLD = {
    "passes": [],
    "prints": [],
    "waits": [],
    "tells": ["properties"],
    "fails": ["failure"],
    "has_no_fixture": ["error"],
    "is_ended_badly": ["error"],
    "is_left_out": ["skipped"],
}


def test_what_is_shown_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "test_all.py").write_text(TESTS)
    file = tmp_path / "junit.xml"
    options = ("-n1", "-rP", "--durations=9", "-p", "tests.messages", f"--junitxml={file}")
    shown = ran_tests(tmp_path, *options)
    cases = list(ET.parse(file).iter("testcase"))  # noqa: S314 - pytest wrote it
    found = {case.attrib["name"]: [each.tag for each in case] for case in cases}
    assert found == {f"test_{name}": tags for name, tags in TOLD.items()}, shown
    for said in ("a line", "s setup    test_all.py::test_waits", "5 passed, 1 failed", "2 errors"):
        assert said in shown.replace("1 failed, 5 passed", "5 passed, 1 failed")
