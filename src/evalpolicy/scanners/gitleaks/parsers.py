"""Which TOML each gitleaks version's parser takes: go-toml 1.9.3, from 8.24.1 on go-toml 2.2.3."""

from __future__ import annotations

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.artifacts.syntax.toml_spans import DeviationKind
from evalpolicy.scanners.gitleaks.versions import Version, table

_ACCEPTED: dict[str, frozenset[DeviationKind]] = {
    "go-toml-1": frozenset(
        {
            "bom",
            "not-utf-8",
            "control-character",
            "bare-carriage",
            "inline-table-newline",
            "number-form",
            "string-over-lines",
            "surrogate-escape",
            "dotted-table",
            "list-extended",
        }
    ),
    "go-toml-2": frozenset({"local-date", "short-escape"}),
}
"""What each takes of the places where parsers differ; observed on the binaries."""


def parser_refuses(config: GitleaksConfig, version: Version) -> Problem | None:
    """Why the version's parser does not read the file, or None."""
    if config.problem is not None:
        return config.problem
    accepted = _ACCEPTED[table().effect("toml-parser", version)]
    for deviation in config.deviations:
        if deviation.kind not in accepted:
            span = config.document.span(deviation.start, deviation.end)
            return Problem(deviation.message, span)
    return None
