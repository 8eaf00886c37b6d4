"""What each keyword takes, and what BuildKit refuses; generated files are compared elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.docker.dockerfile.faults import NotBuiltError
from tests.unit.collectors.docker.dockerfile.read import body, instruction


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RUN a && b", {"words": ["a && b"]}),
        ('run ["a", "b c"]', {"words": ["a", "b c"], "list": True}),
        ('RUN ["a", ', {"words": ['["a",']}),
        ("RUN a \\\n  # no\n\n  b", {"words": ["a   b"]}),
        ("RUN --network=host a", {"words": ["a"], "flags": {"network": "host"}}),
        ("RUN --security=insecure a", {"words": ["a"], "flags": {"security": "insecure"}}),
        (
            "RUN --mount=type=secret,id=hf --mount=dst=/c,type=cache x",
            {
                "words": ["x"],
                "mounts": [
                    {"type": "secret", "id": "hf", "readonly": "true"},
                    {"type": "cache", "target": "/c", "readonly": "false"},
                ],
            },
        ),
        ("RUN <<E\na\nE", {"words": ["<<E"], "texts": [{"name": "E", "content": "a\n"}]}),
        (
            "ENV A=1 B='x y'",
            {"pairs": [{"name": "A", "value": "1"}, {"name": "B", "value": "x y"}]},
        ),
        ("ENV A b c", {"pairs": [{"name": "A", "value": "b c"}]}),
        ("ARG A B=1", {"pairs": [{"name": "A"}, {"name": "B", "value": "1"}]}),
        (
            "COPY --from=b --chown=1:1 a b /c/",
            {"words": ["a", "b", "/c/"], "flags": {"from": "b", "chown": "1:1"}},
        ),
        ("COPY <<-E /x\n\ta\n\tE", {"words": ["/x"], "texts": [{"name": "E", "content": "a\n"}]}),
        ('ADD ["a b", "/c"]', {"words": ["a b", "/c"], "list": True}),
        ("EXPOSE 90 22/tcp", {"words": ["22/tcp", "90"]}),
        (
            "HEALTHCHECK --interval=1m30s CMD x",
            {"words": ["CMD", "x"], "flags": {"interval": "1m30s"}},
        ),
        ("HEALTHCHECK NONE", {"words": ["NONE"]}),
        ("ONBUILD RUN x", {"words": ["RUN x"]}),
        ('SHELL ["bash", "-c"]', {"words": ["bash", "-c"], "list": True}),
        ("USER  app ", {"words": ["app"]}),
    ],
)
def test_instruction(line: str, found: dict[str, Any]) -> None:
    keyword = line.split(maxsplit=1)[0].upper()
    assert instruction(line) == {"keyword": keyword, **found}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("FROM a\nFOO x", 2, "unknown instruction: FOO"),
        ("RUN x\nFROM a", 1, "no FROM comes before it"),
        ("FROM a\n\nRUN --no x", 3, "RUN takes no --no"),
        ("FROM a\nRUN --network=x y", 2, "--network is none of default, host, none"),
        ("FROM a\nRUN --mount=type=x y", 2, "--mount: no type x"),
        ("FROM a\nRUN --mount=type=secret y", 2, "a secret has one of id and target"),
        ("FROM a\nRUN --mount=type=secret,id=a,from=b y", 2, "a secret comes from no stage"),
        ("FROM a\nRUN --mount=from=$B y", 2, "from takes no variables"),
        ("FROM a\nCOPY --link --link a b", 2, "--link stands twice"),
        ("FROM a\nCOPY --from a b", 2, "--from has no value"),
        ("FROM a\nCOPY --link=maybe a b", 2, "--link is neither true nor false"),
        ("FROM a\nCOPY a", 2, "COPY takes at least two arguments"),
        ("FROM a\nCOPY a <<E\nx\nE", 2, "copies to no heredoc"),
        ('FROM a\nCMD ["a", 1]', 2, "a list in JSON has to be one of texts"),
        ("FROM a\nENV A=1 B", 2, "ENV: B is not written NAME=VALUE"),
        ("FROM a\nENV A", 2, "ENV has to have a name and a value"),
        ("FROM a\nENV =1", 2, "ENV: a name is empty"),
        ("FROM a b", 1, "FROM takes an image"),
        ("FROM a AS 9", 1, "9 is not a name of a stage"),
        ("FROM $A", 1, "the image $A comes to nothing"),
        ("FROM a\nSHELL bash", 2, "SHELL takes a list in JSON"),
        ("FROM a\nHEALTHCHECK CMD", 2, "HEALTHCHECK CMD has no command"),
        ("FROM a\nHEALTHCHECK --retries=x CMD y", 2, "--retries is not a number from 0"),
        ("FROM a\nHEALTHCHECK --timeout=1ns CMD y", 2, "--timeout is not a time"),
        ("FROM a\nONBUILD FROM b", 2, "ONBUILD takes no FROM"),
        ("FROM a\nUSER", 2, "USER takes exactly one argument"),
        ('FROM a\nVOLUME [""]', 2, "VOLUME: a path is empty"),
        ("FROM a\nRUN <<E\nx", 2, "the heredoc E has no end"),
        ("# escape=x\nFROM a", 1, "the escape is neither"),
        ("# escape=`\n# escape=`\nFROM a", 2, "the directive escape stands twice"),
        ("# nothing else", 0, "there is no instruction in it"),
        ("ARG A", 0, "there is no stage in it"),
        ("# syntax=r.io/mine:1\nFROM a", 1, "another program reads it"),
    ],
)
def test_what_is_refused(text: str, line: int, says: str) -> None:
    with pytest.raises(NotBuiltError) as found:
        body(text)
    assert says in found.value.detail
    assert found.value.line == line
