"""What replaces at the speed of memory replaces what its pattern does."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.shapes import quiet, replaced
from auditor.platforms import PLATFORMS

TEXTS = st.lists(
    st.sampled_from(
        [b"kube-api-access-", b"abc12", b"ABCDE", b'"nodeName":"', b'a"', b'"', b"x" * 40, b"\n"]
    ),
    max_size=12,
).map(b"".join)


@given(TEXTS)
def test_as_the_pattern_does(data: bytes) -> None:
    shape = PLATFORMS.shape_of("k8s/PodTemplate")
    assert shape.noise is not None
    beginning, pattern, name = shape.noise
    assert replaced(data, beginning, pattern, name) == pattern.sub(name, data)
    assert quiet(shape, data) == pattern.sub(name, data)
    assert shape.apart is not None
    _, start, field = shape.apart
    assert replaced(data, start, field, b"") == field.sub(b"", data)


def test_beginnings_are_those_of_the_patterns() -> None:
    shape = PLATFORMS.shape_of("k8s/PodTemplate")
    assert shape.noise is not None
    assert shape.apart is not None
    for beginning, pattern in (shape.noise[:2], shape.apart[1:]):
        assert pattern.pattern.startswith(re.escape(beginning).replace(rb"\-", b"-"))
