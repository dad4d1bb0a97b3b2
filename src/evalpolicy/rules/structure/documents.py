"""Documents: links that lead somewhere, and rules documents in their form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.facts.documents import Documents


@rule("STR005", "dead-link", "warning")
def dead_link(documents: Documents) -> Iterator[Hit]:
    """A relative link in Markdown, or a path that a rules document names, leads to nothing.

    ## Why

    Files move, and what speaks of them stays. A rule that names the test which holds it, after
    that test went, is held by nothing. In the reference fleet the manifest of broken fixtures
    was deleted, and is still referred to.

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
    and everything in fenced code. A path in a code span counts in rules documents only, and only
    if its first folder is there; one with a placeholder (`<name>`, `{a,b}`, `*`) does not.

    ## Configuration

    `layout.documents` says which files are documents, `submission.rules_documents` which of them
    are rules documents.
    """
    for path in documents.paths:
        for link in documents.dead_links(path):
            yield Hit(
                path,
                f"{link.target} is not there",
                link.span,
                "",
                "",
                link.target,
            )


@rule("STR006", "rules-document-form", "note")
def rules_document_form(documents: Documents) -> Iterator[Hit]:
    """A rules document lacks a part of its form, or numbers two requirements alike.

    A title, a status (Draft, Active, Superseded), a date, then Abstract, Terminology, numbered
    requirements, References and Changelog in this order, the changelog with dated rows.

    ## Why

    Requirements are cited by document and number. Two with one number, or a document of which
    nobody can tell whether it is in force, cannot be cited.

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

    `submission.rules_documents` says which files are rules documents.
    """
    for path in documents.paths:
        if documents.is_rules_document(path):
            for message, span in documents.form(path):
                yield Hit(path, f"the rules document {message}", span, "", "", message)
