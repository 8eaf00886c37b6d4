r"""Secrets that a text gives a name, in whatever format the text is.

A config map holds files, and a file is one text to us::

    database:                       spring.datasource.password=hunter22
      password: hunter22  # soon    export DB_PASSWORD=hunter22; run --token hunter22
    requirepass hunter22            Server=db;Password=hunter22;Encrypt=True

No parser of YAML, TOML, INI, properties and shells is asked: each would want the text to be its
own, and half of what is written is a template, or cut short. What all these have in common is
enough: a name, something that says "is", a value. So each place where a word of secrets stands is
looked at (``password``), with what stands before and behind it:

* the whole name (``spring.datasource.password``), of which :mod:`auditor.secrets.names` says
  whether it is that of a secret;
* what is before: the beginning of a line, a brace, a dash, a question mark, a quote. Within a
  sentence an equals sign says nothing;
* what is behind: ``=``, ``:``, a space after a flag. ``spans.py`` knows where the value ends then.

Only the value is replaced. The search goes on behind it, so no text is looked at again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from auditor.late import late
from auditor.secrets import spans
from auditor.secrets.lists import of_list, of_manifest, of_pair
from auditor.secrets.marks import MARK, has_marker, is_marker, marker
from auditor.secrets.names import IN_EVERY_NAME, is_secret_name, says_no_secret
from auditor.secrets.spans import Edit, Span

WORD: Final = late("|".join(word.decode() for word in IN_EVERY_NAME), re.IGNORECASE | re.ASCII)
_REST = late(r"[\w./-]{0,512}", re.ASCII)
_IN_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")
_LONGEST: Final = 256
_LONGEST_NONE: Final = 2048
"""What is longer is not a reference and no placeholder; so nothing long is looked at twice."""
_BEFORE: Final = 400
"""Characters of a line before a name that are looked at."""

_AFTER = late(
    r"""(?P<close>\\?["'`]\]?)?[ \t]*+(?P<sep>:=|=>|\+?=(?![=~>])|:(?![:/]))?(?P<space>[ \t]*+)"""
)
_KEYWORD = "export|setenv|set|env|local|readonly|const|let|var|final|ENV|ARG|declare"
_LINE_START = late(
    rf"[ \t]*+(?:[-?*][ \t]+)*+(?:(?:{_KEYWORD}|--?[\w-]{{1,40}})[ \t]+)*+"
    r"(?:\$(?:\w{1,20}:)?|@)?(?P<word>[\w.-]{1,40} )?(?:\w{1,40}\[)?",
    re.ASCII,
)
_OPENS_FLOW: Final = frozenset("{,([")
_AFTER_FLAG = late(r"(?:^|[\s\"'])--?[\w-]{1,40}[ =]$", re.ASCII)
_AFTER_SETTING = late(r"(?:^|[\s\"'])[\w.-]{1,40}=[^\s\"']{0,200} $", re.ASCII)
_NEXT_SETTING = late(r"[^\s\"']{1,200}+ +[\w.-]{1,40}=", re.ASCII)
_CODE = late(
    r"[A-Za-z_][\w.]*(?:\(.*\)|\[[^\[\]]*\])[;,]?|(?:process|os|env|self|this)\.[\w.]+|\*\w+"
)
"""What a program computes."""
_MEMBER = late(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
"""``config.password``, where it is given to something of the same name."""
_COMMAND = late(r"\s*(?:cat|kubectl|vault|openssl|aws|gcloud|az|op|head|base64|curl|jq)\s")
"""What a shell runs between backticks."""
_PROSE = late(
    r"(?:an?|and|are|as|at|be|but|by|can|for|from|has|if|in|is|it|may|must|not|of|on|or|should|that"
    r"|the|this|to|was|when|which|will|with)[.,:;]?",
    re.IGNORECASE,
)
_DIRECTIVE = late(r"[a-z][\w.-]*|[A-Z][a-z]*[A-Z][\w.-]*|[A-Z_]+", re.ASCII)
_UNMISTAKABLE: Final = late(r"(?i:require-?pass|master-?auth|bind-?pw|root-?pw|primary-?auth)")
_STRONG = late(r"[0-9]|[^\w\s]")
_SIGN_IN = late(r"\blogin\s+\S+\s+$")
_SETTING_LINE = late(
    r"[ \t]*+(?:[#;!\[].*|(?!export )[\w.\[\]/-]++[ \t]*+[:=](?!.*(?:\$\(|`|; |&&|\|)).*)?\r?"
)
_XML_VALUE = late(r"</name>\s{0,80}<value>(?P<value>[^<]*)</value>")
_LINES: Final = frozenset({"properties", "ini", "env", "cfg", "toml", "cnf"})
"""Formats in which a value goes on to the end of its line."""
_DIRECTIVES: Final = frozenset({"conf", "cfg", "cnf", "config"})
"""Formats in which a name and its value stand side by side."""


class _Hit(NamedTuple):
    """A name in a text, what is before it in its line, and what is behind."""

    name: str
    start: int
    prefix: str
    after: re.Match[str]
    dashes: bool

    @property
    def is_quoted(self) -> bool:
        close = self.after["close"]
        return bool(close) and self.prefix.endswith(close.rstrip("]"))

    @property
    def is_in_flow(self) -> bool:
        return self.prefix.rstrip()[-1:] in _OPENS_FLOW


def redact_settings(text: str, key: str = "") -> str:
    """Replace the secrets that a text names; ``key`` is the name of the file that it is."""
    if WORD.search(text) is None:
        return text
    edits = [*_Text(text, key).edits(), *of_manifest(text)]
    parts: list[str] = []
    done = 0
    for start, end, made in sorted(edits):
        if start >= done:
            parts += (text[done:start], made)
            done = end
    return "".join((*parts, text[done:])) if parts else text


class _Text:
    def __init__(self, text: str, key: str) -> None:
        self._text = text
        self._extension = key.rpartition(".")[2].lower()
        self._settings: bool | None = None

    def edits(self) -> Iterator[Edit]:
        """What has to be replaced, from the first to the last."""
        text, at = self._text, 0
        while (found := WORD.search(text, at)) is not None:
            start = found.start()
            floor = max(at, start - _LONGEST)
            while start > floor and text[start - 1] in _IN_NAME:
                start -= 1
            at = _end(_REST, text, found.end())
            hit = self._hit(start, at)
            if hit is None:
                continue
            for edit in self._of(hit, at):
                yield edit
                at = max(at, edit.end)

    def _hit(self, start: int, end: int) -> _Hit | None:
        """A name, if it is that of a secret; ``API key`` and the like are looked at as one."""
        text = self._text
        own = text[start:end].lstrip("-./")
        dashes = text.startswith("-", start)
        begin = end - len(own)
        after = _AFTER.match(text, end)
        line = text.rfind("\n", max(0, begin - _BEFORE), begin) + 1
        if after is None or not own or text.endswith(MARK, 0, begin):
            return None
        if not line and begin > _BEFORE:
            line = begin - _BEFORE
        prefix = text[line:begin]
        if is_secret_name(own):
            return _Hit(own, begin, prefix, after, dashes)
        started = _LINE_START.fullmatch(prefix.rstrip("\"'"))
        if started is None or not started["word"] or not after["sep"]:
            return None
        both = started["word"] + own
        return (
            _Hit(both, begin, prefix[: -len(started["word"])], after, False)
            if is_secret_name(both)
            else None
        )

    def _of(self, hit: _Hit, end: int) -> Iterator[Edit]:
        text = self._text
        xml = self._xml(hit, end)
        if xml is not None:
            yield from self._edit(hit.name, xml)
            return
        if not hit.after["sep"]:
            pair = of_pair(text, hit.prefix, end)
            if pair is not None:
                yield from self._edit(hit.name, *pair)
            elif hit.after["space"] or hit.after.end() > end:
                yield from self._beside(hit)
            return
        if hit.after["sep"] == ":":
            yield from self._after_colon(hit)
        else:
            yield from self._after_equals(hit)

    def _xml(self, hit: _Hit, end: int) -> Span | None:
        """``<password>X</password>``, ``<name>password</name><value>X</value>``."""
        text = self._text
        if hit.prefix.endswith("<") and text.startswith(">", end):
            close = text.find("<", end)
            return Span(end + 1, close) if close > end + 1 else None
        if hit.prefix.endswith("<name>"):
            found = _XML_VALUE.match(text, end)
            return Span(*found.span("value")) if found is not None and found["value"] else None
        return None

    def _beside(self, hit: _Hit) -> Iterator[Edit]:
        """A value without a sign before it: ``--token X``, ``requirepass X``, ``PASSWORD 'X'``."""
        text, at = self._text, hit.after.end()
        in_quotes = spans.quoted(text, at, joined=hit.dashes)
        if hit.after["close"] or at >= len(text) or text[at] in "\r\n":
            return
        span = in_quotes or spans.word(text, at)
        if (
            span is not None and hit.name == "auth-pass"
        ):  # of Redis Sentinel, behind the master's name
            span = spans.word(text, span.end + 1)
        if span is None:
            return
        value = text[span.start : span.end]
        if hit.name == "auth-pass":
            told = True
        elif hit.dashes:
            told = not value.startswith("-") and not _PROSE.fullmatch(value)
        elif in_quotes is not None:
            told = "\n" not in value
        else:
            told = self._is_directive(hit, span, value) or (
                not value.startswith("-") and _SIGN_IN.search(hit.prefix[-160:]) is not None
            )
        if told:
            yield from self._edit(hit.name, span, shape="argument")

    def _is_directive(self, hit: _Hit, span: Span, value: str) -> bool:
        """Whether a line is a name and a value, and no sentence."""
        text = self._text
        if hit.prefix.strip() or not _DIRECTIVE.fullmatch(hit.name):
            return False
        if text[span.end : spans.end_of_line(text, span.end)].strip(" \t\r;"):
            return False
        if _UNMISTAKABLE.fullmatch(hit.name) or self._extension in _DIRECTIVES:
            return True
        return "\n" in text and _STRONG.search(value.rstrip(".,:;!?")) is not None

    def _after_colon(self, hit: _Hit) -> Iterator[Edit]:
        text, at = self._text, hit.after.end()
        if not hit.is_quoted and hit.prefix[-1:] in {"'", '"'}:
            if hit.after["space"]:  # a header, whole in its quotes
                span = spans.to_quote(text, at, hit.prefix[-1])
                if span is not None:
                    yield from self._edit(hit.name, span)
            return
        if self._begins_line(hit):
            yield from self._in_line(hit, at, comment=True)
        elif hit.is_quoted or (hit.after["space"] and hit.is_in_flow):
            yield from self._in_flow(hit, at, spaces=True)

    def _after_equals(self, hit: _Hit) -> Iterator[Edit]:
        text, at = self._text, hit.after.end()
        before = hit.prefix[-1:]
        span: Span | None
        if self._begins_line(hit) and not hit.dashes:
            if hit.after["space"] or text[hit.after.start("sep") - 1] in " \t" or self._goes_on():
                yield from self._in_line(hit, at, comment=False)
                return
            span = self._text_or(spans.word, at)
        elif before in {"?", "&"}:
            span = spans.in_query(text, at)
        elif before == ";":
            span = self._text_or(spans.in_parts, at)
        elif hit.is_quoted or hit.is_in_flow:
            yield from self._in_flow(hit, at, spaces=False)
            return
        elif hit.dashes and hit.prefix.rstrip("-")[-1:] in {"'", '"'}:
            span = self._in_its_quotes(hit, at)
        elif _AFTER_FLAG.search(hit.prefix[-60:]):
            span = self._text_or(spans.in_items, at)
        elif self._is_setting(hit, at):
            span = self._text_or(spans.word, at)
        else:
            return
        if span is not None:
            yield from self._edit(hit.name, span, shape="argument")

    def _is_setting(self, hit: _Hit, at: int) -> bool:
        """Whether a name with an equals sign in the middle of a line is more than prose."""
        prefix, text = hit.prefix, self._text
        if hit.dashes or prefix[-1:] in {"'", '"', "`", "(", "|"} or hit.name.isupper():
            return True
        if prefix.rstrip()[-1:] in {";", "&", "|"}:
            return True
        if _AFTER_SETTING.search(prefix[-160:]):
            return True
        return _NEXT_SETTING.match(text, at) is not None

    def _in_its_quotes(self, hit: _Hit, at: int) -> Span | None:
        """The value of an argument that is in quotes as a whole, from its dashes on."""
        text = self._text
        opened = hit.start - (len(hit.prefix) - len(hit.prefix.rstrip("-"))) - 1
        whole = spans.quoted(text, opened, joined=True)
        if whole is not None and at < whole.end:
            return Span(at, whole.end)
        return self._text_or(spans.word, at)

    def _text_or(self, other: Callable[[str, int], Span | None], at: int) -> Span | None:
        return spans.quoted(self._text, at, joined=True) or other(self._text, at)

    def _in_flow(self, hit: _Hit, at: int, *, spaces: bool) -> Iterator[Edit]:
        text = self._text
        while at < len(text) and text[at] in "\r\n \t":  # JSON may go on in the next line
            at += 1
        if text.startswith("[", at):
            yield from self._edit(hit.name, *(of_list(text, at) or ()))
            return
        if text.startswith("{", at) and not text.startswith("{{", at):
            return
        span = spans.quoted(text, at, joined=False)
        if span is None and hit.after["sep"] in {":", "="}:
            span = spans.in_flow(text, at, spaces=spaces)
        if span is not None:
            yield from self._edit(hit.name, span)

    def _in_line(self, hit: _Hit, at: int, *, comment: bool) -> Iterator[Edit]:
        """The value of a line that begins with its name, with lines that are indented more."""
        text, column = self._text, len(hit.prefix.rstrip("\"'"))
        if comment:
            at = spans.after_tag(text, at)
        below = spans.is_block(text, at) if comment else -1
        end = spans.end_of_line(text, at)
        if below < 0 and not text[at:end].strip():
            yield from self._below(hit, end + 1, column, lists=comment)
            return
        if below >= 0:
            lines = spans.deeper(text, below, column)
            if lines is not None:
                yield from self._edit(hit.name, lines)
            return
        if text[at] in "[{" and not text.startswith("{{", at):
            yield from self._in_flow(hit, at, spaces=True)
            return
        span = spans.quoted(text, at, joined=not comment)
        if span is not None:
            yield from self._edit(hit.name, span)
            return
        span = spans.in_line(text, at, comment=comment)
        for edit in self._edit(hit.name, span) if span is not None else ():
            more = spans.deeper(text, end + 1, column)
            yield Edit(edit.start, more.end, edit.text) if more is not None else edit

    def _below(self, hit: _Hit, at: int, column: int, *, lists: bool) -> Iterator[Edit]:
        """A value that begins in the next line: a list, or a text."""
        text = self._text
        if at >= len(text):
            return
        if lists:
            found = of_list(text, at, column)
            if found is not None:
                yield from self._edit(hit.name, *found)
                return
        span = spans.deeper(text, at, column)
        if span is not None:
            yield from self._edit(hit.name, spans.quoted(text, span.start, joined=False) or span)

    def _begins_line(self, hit: _Hit) -> bool:
        prefix = hit.prefix.rstrip("\"'") if hit.is_quoted else hit.prefix
        found = _LINE_START.fullmatch(prefix)
        return found is not None and not found["word"]

    def _goes_on(self) -> bool:
        """Whether a value may have spaces in it: every line of the text is a setting."""
        if self._extension in _LINES:
            return True
        if self._settings is None:
            lines = self._text.replace("\\\n", " ").split("\n")
            self._settings = len([line for line in lines if line.strip()]) > 1 and all(
                _SETTING_LINE.fullmatch(line) for line in lines
            )
        return self._settings

    def _edit(self, name: str, *found: Span, shape: str = "by-name") -> Iterator[Edit]:
        """The places of those values that are secrets."""
        for span in found:
            value = self._text[span.start : span.end]
            if is_marker(value):
                continue
            found_before = value.startswith(MARK) and has_marker(value)  # but not to its end
            if (
                len(value) <= _LONGEST_NONE
                and not found_before
                and (has_marker(value) or says_no_secret(name, value) or self._is_code(name, span))
            ):
                continue
            yield Edit(span.start, span.end, span.quote + marker(shape) + span.quote)

    def _is_code(self, name: str, span: Span) -> bool:
        """Whether a value is what a program computes, or a reference of YAML, and no text."""
        text = self._text
        before = text[span.start - 1]
        if before in {"'", '"'}:
            return False
        if before == "`":
            return _COMMAND.match(text, span.start, span.end) is not None
        bare = _CODE.fullmatch(text, span.start, span.end) is not None
        bare = bare or (
            _MEMBER.fullmatch(text, span.start, span.end) is not None
            and (text[span.start : span.end].rpartition(".")[2].lower() == name.lower())
        )
        return bare or name.startswith(("self.", "this."))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found is not None else at
