"""Documents: dead links, and the form of rules documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.facts.documents import Documents


@rule("STR005", "dead-link", "warning")
def dead_link(documents: Documents) -> Iterator[Hit]:
    """The target of a relative Markdown link, or a path in a rules document, does not exist.

    ## Why

    Files move, but references to them stay. A rule that names the test which enforces it is no
    longer enforced once that test is gone. In the reference fleet the manifest of broken fixtures
    was deleted, but is still referred to.

    ## Example

    ```markdown README.md
    Read [how to add a benchmark](docs/adding.md) first.
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```markdown README.md
    Read [how to add a benchmark](docs/guides/adding.md) first.
    ```

    ```markdown docs/guides/adding.md
    # Adding a benchmark
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    Links with a scheme, anchors within a page, links that leave the repository (`../../issues`),
    everything in fenced code, and a section named Changelog, which tells what was there once. A
    path in a code span is only checked in rules documents, and only if its first folder exists and
    it has no placeholder (`<name>`, `{a,b}`, `*`).

    ## Configuration

    `layout.documents` defines which files are documents, `submission.rules_documents` which of
    them are rules documents.
    """
    for path in documents.paths:
        for link in documents.dead_links(path):
            yield Hit(
                path,
                f"{link.target} does not exist: correct the link, or remove it",
                link.span,
                "",
                "",
                link.target,
                cause=documents.missing(path, link),
            )


@rule("STR006", "rules-document-form", "note", default=False)
def rules_document_form(documents: Documents) -> Iterator[Hit]:
    """A rules document lacks a required part, or numbers two requirements alike. Off by default.

    It has to have a title, a status (Draft, Active, Superseded) and a date, then Abstract,
    Terminology, numbered requirements, References and Changelog in this order, the changelog with
    dated rows.

    ## Why

    Requirements are cited by document and number. Two with the same number, or a document without
    a clear status, cannot be cited.

    ## Example

    ```markdown .agents/RULES.md
    # Rules

    1. **Pin.** Every base MUST be pinned.
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```markdown .agents/RULES.md
    # Rules

    **Status:** Active
    **Date:** May 2026

    ### Abstract

    What must be true of an image.

    ### Terminology

    MUST is that of RFC 2119.

    ### Requirements

    1. **Pin.** Every base MUST be pinned.

    ### References

    RFC 2119.

    ### Changelog

    | 2026-05-31 | Initial version. |
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Configuration

    `[rules] STR006 = "note"` enables the rule, `submission.rules_documents` defines which files are
    rules documents.
    """
    for path in documents.paths:
        if documents.is_rules_document(path):
            for number, (message, span) in enumerate(documents.form(path), 1):
                yield Hit(
                    path, f"the rules document {message}", span, about=str(number), cause=message
                )
