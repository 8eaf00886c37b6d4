"""References as engines and clusters read them."""

from __future__ import annotations

import pytest

from auditor.analysis.images.references import digests_in, parsed

AB = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "latest", ""),
        ("nginx:1", "docker.io/library/nginx", "1", ""),
        ("docker.io/nginx:1", "docker.io/library/nginx", "1", ""),
        ("index.docker.io/library/nginx:1", "docker.io/library/nginx", "1", ""),
        ("team/app", "docker.io/team/app", "latest", ""),
        ("r.io/app:1", "r.io/app", "1", ""),
        ("r.io:5000/a/b/app", "r.io:5000/a/b/app", "latest", ""),
        ("localhost/app:1", "localhost/app", "1", ""),
        ("Harbor/team/app:1", "Harbor/team/app", "1", ""),
        ("R/app", "R/app", "latest", ""),
        ("a_b/app", "docker.io/a_b/app", "latest", ""),
        (f"r.io/app@{AB}", "r.io/app", "", AB),
        (f"r.io/app:1@{AB}", "r.io/app", "1", AB),
        (f"docker-pullable://r.io/app@{AB}", "r.io/app", "", AB),
        ("r.io/app@sha512:ab", "r.io/app", "", ""),
        ("", "docker.io/library/", "latest", ""),
    ],
)
def test_a_reference(text: str, repository: str, tag: str, digest: str) -> None:
    found = parsed(text)
    assert (found.repository, found.tag, found.digest) == (repository, tag, digest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"docker-pullable://r.io/app@{AB}", (AB, "")),
        (f"r.io/app@{AB}", (AB, "")),
        (f"docker://{AB}", ("", AB)),
        (AB, ("", AB)),
        ("r.io/app:1", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_the_status_of_a_pod_says(text: str, expected: tuple[str, str]) -> None:
    assert digests_in(text) == expected
