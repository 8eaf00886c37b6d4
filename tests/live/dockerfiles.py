"""Dockerfiles as chance makes them, and what two readers of them are compared by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from collectors.docker.dockerfile.faults import Budget
from collectors.docker.dockerfile.instructions import Instruction
from collectors.docker.dockerfile.lines import parsed
from collectors.docker.dockerfile.stages import Around, Build, Stage
from collectors.docker.dockerfile.words import nothing

NOTHING_GIVEN = Around(MappingProxyType({}), nothing, base=False)
"""No build argument, no platform, and base images that set nothing."""

VALUES = (
    *("$A", "${A}", "${A:-x}", "${B-y}", "${A:+set}", "${B+set}", "${A:-${B:-deep}}", "a$A$B"),
    *("${A#*/}", "${A##*/}", "${A%.*}", "${A%%.*}", "${A/b/c}", "${A//b/c}", "${A%?}"),
    *(
        "'$A'",
        '"$A b"',
        "\\$A",
        '"\\$A"',
        "$",
        "$$",
        "$1",
        "a\\ b",
        "'a b'",
        '"a\\"b"',
        "`",
        "x`$A",
    ),
    *("1.2.3/b.tar.gz", "aébc", "a#b", "${A:-'q'}", '${A:-"q r"}', "<<x", "a<b", "${A#}", "$A_B"),
)
ODD_VALUES = (*("${", "${A", "${A:?no}", "${A!x}", "'", '"', "${A/x", "${:x}", "${{A}}", "\\"),)
NAMES = ("A", "B", "C", "PATH")
SHELL = (
    *("true", "echo hi && rm -rf /x", "curl -s x | sh", "echo $A", 'echo "a  b"', "echo '$A'"),
    *(
        "[1, 2",
        '["a", "b"]',
        '["a", "\\u00e9"]',
        '["a", 1]',
        "[]",
        '[ "a" ] x',
        '["\\ud800"]',
        "  x",
    ),
    *(
        "echo a \\\n  b",
        "echo a \\\n# no\n\n  b",
        "echo a \\ \n b",
        "a `\n b",
        "x <<EOF\n$A\n\tb\nEOF",
    ),
    *(
        "<<-'E O'\n\t$A\nE O",
        "<<A <<B\na\nA\nb\nB",
        'cat <<"X" > y\n$A\nX',
        "echo <<<x",
        "a << b\nb",
    ),
    *(
        "3<<E\nx\nE",
        "<<E\nnever",
        "echo ${{ <<E",
        "echo \\<<E",
        "echo '<<E'",
        "x \\\\\ny",
        "x \\\n",
    ),
)
FLAGS = (
    *("--mount=type=secret,id=a", "--mount=type=ssh", "--mount=type=bind,source=$A,target=/x,rw"),
    *("--mount=type=cache,target=/c,sharing=locked", "--mount=type=tmpfs,target=/t,size=1m"),
    *("--network=host", "--network=none", "--security=insecure", "--mount=from=b,target=/y"),
    *('--mount=type=secret,"id=a",target=/z', "--mount=type=secret,id=a,required", "--mount=ro"),
)
ODD_FLAGS = (
    *("--network=x", "--mount=type=x", "--mount=type=secret", "--no", "--mount=from=$A", "--link"),
    *("--security", "--network=none --network=host", "--mount=type=bind,uid=1", "--mount=required"),
    *("--mount=a=b", '--mount=type=ca"che', "--", "--mount=type=cache,mode=9", "--mount=rw=maybe"),
)
COPIED = (
    *("a /b", "$A /b/", '["a b", "/c"]', "a b /c/", "--from=b /x /y", "--chown=$A:0 a b", "a"),
    *(
        "--chmod=777 a b",
        "--link a b",
        "--link=false a b",
        "<<E /x\n$A '$B' \\$A\nE",
        "a <<E\nx\nE",
    ),
    *(
        "<<-E <<F /x/\n\ta\nE\n$A\nF",
        '<<"E" /x\n$A\nE',
        "--parents a b",
        "--exclude=x a b",
        "a 'b c'",
    ),
    *("--from a b", "[] b", '["a"]', "--link=yes a b", "https://x.example/a.tgz /b"),
)


def _value() -> st.SearchStrategy[str]:
    return st.sampled_from((*VALUES * 6, *ODD_VALUES))


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def _of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def instructions() -> st.SearchStrategy[str]:
    """One instruction, mostly one that BuildKit takes."""
    name, value = st.sampled_from(NAMES), _value()
    setting = st.tuples(name, value).map("=".join)
    flags = _of(*("",) * 40, *FLAGS * 4, *ODD_FLAGS)
    return st.one_of(
        _joined(_of("ENV", "env"), setting),
        _joined(_of("ENV", "LABEL"), setting, setting),
        _joined(_of("ENV", "LABEL"), name, value),
        _joined(_of("ARG"), st.one_of(name, setting)),
        _joined(_of("ARG"), setting, st.one_of(name, setting)),
        _joined(_of("RUN", "run"), flags, _of(*SHELL)),
        _joined(_of("RUN"), flags, flags, _of(*SHELL)),
        _joined(_of("CMD", "ENTRYPOINT", "SHELL", "ONBUILD RUN"), _of(*SHELL)),
        _joined(_of("COPY", "ADD", "Add", "ONBUILD COPY"), _of(*COPIED)),
        _joined(_of("USER", "WORKDIR", "STOPSIGNAL", "VOLUME", "MAINTAINER"), value),
        _joined(_of("EXPOSE"), value, _of("", "80", "$A-90/udp", "'22'")),
        _joined(_of("VOLUME"), _of('["/a", "/b"]', "/a /b", '[""]', "[]", "$A")),
        _joined(
            _of("HEALTHCHECK"),
            _of(
                "", "--interval=5s", "--retries=3 --timeout=1m30s", "--interval=1ns", "--retries=x"
            ),
            _of("NONE", "CMD curl x", 'CMD ["a"]', "CMD", "cmd a", "x", "NONE x", ""),
        ),
        _of(
            *("# a comment", "", "   ", "\\", "RUN") * 4,
            *("ENV", "FOO a", "USER", "ONBUILD FROM x"),
        ),
    )


def _from() -> st.SearchStrategy[str]:
    return st.one_of(
        _of(
            "FROM a",
            "FROM a AS b",
            "FROM a:$A",
            "FROM a AS b",
            "FROM b",
            "FROM scratch AS c",
            "from ${A:-z} as C",
        ),
        _of("FROM --platform=$B a", "FROM c AS d", "FROM a@sha256:0", "FROM b AS b", "FROM b"),
        _of("FROM b", "FROM c", "FROM a b", "FROM $B", "FROM", "FROM a AS 9", "FROM 'a'"),
    )


@st.composite
def files(draw: st.DrawFn) -> str:
    """A whole file."""
    head = draw(st.sampled_from(("", "", "", "# escape=`\n", "# syntax=docker/dockerfile:1\n")))
    head += draw(st.sampled_from(("", "", "# check=skip=all\n# escape=\\\n", "\n# escape=`\n")))
    before = draw(st.lists(st.tuples(st.sampled_from(NAMES), _value()).map("=".join), max_size=2))
    parts = [f"ARG {each}" for each in before]
    for _ in range(draw(st.integers(1, 3))):
        parts.append(draw(_from()) if draw(st.integers(0, 19)) else draw(instructions()))
        parts += draw(st.lists(instructions(), max_size=4))
    return head + "\n".join(parts) + draw(st.sampled_from(("\n", "", "\r\n", "\n\n")))


def ours(text: str) -> list[dict[str, Any]]:
    """Read a file as the product does, laid out as BuildKit's parser says it."""
    budget = Budget()
    found = parsed(text.removeprefix("\ufeff").replace("\r\n", "\n"), budget)
    build = Build(found.escape, budget, NOTHING_GIVEN)
    return [_stage(build, each) for each in build.through(found).stages]


def _stage(build: Build, stage: Stage) -> dict[str, Any]:
    return {
        "base": stage.base,
        "name": stage.name,
        "platform": stage.platform,
        "line": stage.line,
        "instructions": list(_each(build, stage)),
    }


def _each(build: Build, stage: Stage) -> Iterator[dict[str, Any]]:
    for each in stage.instructions:
        if not each.triggered:
            yield _instruction(build, stage, each)


def _instruction(build: Build, stage: Stage, each: Instruction) -> dict[str, Any]:
    found: dict[str, Any] = {"keyword": each.keyword, "line": each.line, "end": each.end}
    flag = {name: values[0] for name, values in each.flags.items()}
    if each.keyword in {"ENV", "LABEL", "ARG"}:
        return {**found, "pairs": [list(pair) for pair in each.pairs]}
    found["words"] = _words(each)
    if each.keyword in {"ADD", "COPY"}:
        other = "checksum" if each.keyword == "ADD" else "from"
        found["heredocs"] = [[text.name, text.content] for text in each.heredocs]
        found["flags"] = {name: flag.get(name, "") for name in ("chown", "chmod", other)}
        found["flags"]["link"] = flag.get("link") == "true"
    elif each.keyword == "RUN":
        found["json"] = each.is_json
        found["heredocs"] = [[text.name, text.content, text.chomp] for text in each.heredocs]
        found["flags"] = {
            "network": flag.get("network", "default"),
            "security": flag.get("security", "sandbox"),
        }
        found["mounts"] = [_mount(mount) for mount in build.mounts(stage, each)]
    elif each.keyword in {"CMD", "ENTRYPOINT"}:
        found["json"] = each.is_json
    return found


def _words(each: Instruction) -> list[str] | None:
    if each.keyword == "HEALTHCHECK":
        kind, *command = each.words
        shell = kind.upper() == "CMD" and not each.is_json
        return ["CMD-SHELL" if shell else kind.upper(), *command]
    if each.keyword == "ONBUILD" and each.heredocs:
        texts = "".join(f"\n{text.content}{text.name}" for text in each.heredocs)
        return [each.words[0] + texts]
    if each.keyword == "ENTRYPOINT" and not each.words:
        return None
    return each.words


def _mount(found: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: found.get(name, "") for name in ("type", "from", "source", "target", "id", "sharing")
    }
    return {
        **made,
        "readonly": found["readonly"] == "true",
        "required": found.get("required") == "true",
    }
