"""What Dockerfiles say, against BuildKit's own parser: generated and odd files, no difference."""

from __future__ import annotations

import pytest
from hypothesis import given

from collectors.docker.dockerfile.faults import NotBuiltError
from tests.engines.buildkit import BuildKit
from tests.live.dockerfiles import files, ours
from tests.sweeps import examples


def compare(text: str, buildkit: BuildKit) -> None:
    """Read a file by both, and find no difference; what one refuses the other does."""
    theirs = buildkit.read(text)
    try:
        mine, refused = ours(text), ""
    except NotBuiltError as error:
        mine, refused = [], error.detail
    assert bool(refused) == bool(theirs.error), (refused, theirs.error, text)
    assert mine == theirs.file.get("stages", []), text


ODD = (
    "FROM a\nONBUILD COPY a\n",
    "FROM a AS b\nONBUILD COPY a\nFROM c\n",
    "# escape=`\nFROM a\nRUN a `\n b\nENV A=C:\\x\n",
    "FROM a\nRUN <<A <<-'B'\n$x\nA\n\tb\n\tB\nRUN c\n",
    "FROM a\nHEALTHCHECK --start-interval=.5s --retries=+3 CMD x\n",
    "FROM a\nEXPOSE 80${X:-80} '22 23'\n",
    'FROM a\nCMD ["a\\ud800b"]\n',
    "FROM a\nENV A = b\n",
    "FROM a\nENV A=b\\ c D='e\"f'\n",
    "FROM a\nRUN a \\ \n\n# b\n  c\n",
    "\ufefffrom a as B\nfrom b\n",
    "FROM a\nCOPY --chown=${U:-1}:$G <<E x\n${A:-'b'} \\$c\nE\n",
)


@pytest.mark.parametrize("text", ODD)
def test_odd_files(buildkit: BuildKit, text: str) -> None:
    """What is written so by hand, or was read another way once."""
    compare(text, buildkit)


@given(text=files())
@examples(600)
def test_generated_files(buildkit: BuildKit, text: str) -> None:
    """Whatever chance puts together, both read the same."""
    compare(text, buildkit)
