"""Hover texts: rule pages, and the resolved values of labels."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from evalpolicy.frontends.cli.explain import page
from evalpolicy.frontends.lsp.diagnostics import ShownFinding
from evalpolicy.frontends.lsp.positions import EncodedLines, within
from evalpolicy.reporters.markdown import code


def on_findings(shown: Iterable[ShownFinding], at: types.Position) -> list[str]:
    """The messages of the findings at a position, followed by the page of each rule."""
    here = [item for item in shown if within(at, item.diagnostic.range)]
    parts = []
    pages: dict[str, str] = {}
    for diagnostic, finding, rule in here:
        if finding is None or rule is None:
            parts.append(code(diagnostic.message))
            continue
        mend = f"  \nhelp: {code(finding.help)}" if finding.help else ""
        parts.append(f"**{finding.rule} {finding.name}** {code(finding.message)}{mend}")
        pages[rule.id] = page(rule)
    return [*parts, *pages.values()]


def on_label(text: str, encoding: str, at: types.Position) -> list[str]:
    """The label at a position in a Dockerfile: as written, and as the image carries it."""
    from evalpolicy.artifacts.dockerfile import parse

    lines = EncodedLines(text, encoding)
    dockerfile = parse(text.encode("utf-8", "replace"))
    for stage in dockerfile.stages:
        for label in (*stage.labels, *stage.triggered):
            places = (lines.range(label.key_span), lines.range(label.value_span))
            if not any(within(at, place) for place in places):
                continue
            final = dockerfile.final is stage
            effective = dockerfile.effective_labels(dockerfile.stages[-1]).get(label.key)
            rows = [f"**{code(label.key)}** is {code(label.value)}"]
            if label.written != label.value:
                rows.append(f"written {code(label.written)}")
            if label.unresolved:
                names = ", ".join(code(name) for name in label.unresolved)
                rows.append(f"{names}: nothing in this file gives a value")
            if effective is None:
                rows.append("not on the final image: its stage is not one that it is built on")
            elif effective != label:
                rows.append(f"the final image carries {code(effective.value)}: set again below")
            elif not final:
                rows.append("inherited by the final image")
            return ["  \n".join(rows)]
    return []
