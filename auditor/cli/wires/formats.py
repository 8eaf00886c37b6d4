"""The formats of a report, by the name used with ``-o``: one line each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.ports import ReportFormat
from reports.style import Style


class Extra(msgspec.Struct, frozen=True):
    """What a format needs that is not always installed: a module, and the extra that brings it."""

    module: str
    name: str


def _terminal(style: Style) -> ReportFormat:
    from reports.terminal import renderer

    return renderer(style)


def _file(module: str, name: str = "render") -> Callable[[Style], ReportFormat]:
    """A format that is a function of a module, and looks the same on every screen."""

    def load(style: Style) -> ReportFormat:
        del style
        render: ReportFormat = getattr(importlib.import_module(module), name)
        return render

    return load


FORMATS: Final[Mapping[str, Callable[[Style], ReportFormat]]] = MappingProxyType(
    {
        "terminal": _terminal,
        "json": _file("reports.results"),
        "html": _file("reports.html.page"),
        "pdf": _file("reports.pdf.document"),
        "sarif": _file("reports.sarif"),
        "junit": _file("reports.junit"),
        "markdown": _file("reports.markdown"),
        "csv": _file("reports.rows"),
        "gitlab": _file("reports.gitlab"),
        "github": _file("reports.github"),
        "github-summary": _file("reports.markdown", "render_summary"),
        "ocsf": _file("reports.ocsf"),
        "oscal": _file("reports.oscal"),
        "oscal-1.1": _file("reports.oscal", "render_older"),
        "openreports": _file("reports.policy_reports", "render_open"),
        "policyreport": _file("reports.policy_reports", "render_older"),
        "cyclonedx": _file("reports.cyclonedx"),
        "prometheus": _file("reports.prometheus"),
    }
)

EXTRAS: Final[Mapping[str, Extra]] = MappingProxyType({"pdf": Extra("typst", "pdf")})
"""Of the formats that need what is not always installed."""
