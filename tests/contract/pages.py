"""A page of a report, as a browser takes it apart."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input", "br", "wbr"}


class Page(HTMLParser):
    """What a page consists of, and that every element in it ends."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.section = ""
        self.cells: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"] or ""
        if tag == "td":
            self.cells.setdefault(self.section, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        here = self.open[-1] if self.open else ""
        self.texts.setdefault(here, []).append(data)
        if here == "td":
            self.cells[self.section][-1] += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def rows(self) -> tuple[list[list[Any]], dict[str, Any]]:
        """The findings for the script, and what they refer to."""
        packed = next(each for each in self.texts["script"] if each.strip().startswith("H4sI"))
        *lines, last = gzip.decompress(base64.b64decode(packed)).decode().split("\n")
        return [json.loads(line) for line in lines], json.loads(last)
