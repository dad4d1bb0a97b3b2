"""Rules documents: not with the code that they govern, not without a dated row, not renumbered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from evalpolicy.artifacts.rules_document import Requirement, RulesDocument, first_difference
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.config.reading import Config
from evalpolicy.facts.submitted import DocumentChange, Submitted
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot.submission.change import Change

# A heading that opens a release: `## [1.2.3] - 2026-06-30`, `## v1.2.3`.
_RELEASE = re.compile(rb"^#{1,3}[ \t]+\[?v?\d+\.\d+[^\n]*", re.MULTILINE)


@rule("SUB002", "rules-with-code", "warning")
def rules_with_code(submitted: Submitted, change: Change, config: Config) -> Iterator[Hit]:
    """A rules document and code that it governs change in one submission.

    The finding points at the first line of the document that differs.

    ## Why

    A rule that changes together with the code is fitted to it: nobody can say any more whether
    the code kept the rule. The reference fleet forbids it, and a pull request was blocked for it
    (787bd036: `.agents/src/RULES.md` with `cli/src/build.rs`); 8 of the 10 commits of two weeks
    that touched a rules document did it.

    ## Example

    ```markdown before:.agents/src/RULES.md
    1. **Build.** Every build MUST use bake.
    ```

    ```rust before:cli/src/build.rs
    fn build() {}
    ```

    ```markdown after:.agents/src/RULES.md
    1. **Build.** Every build MUST use bake, or podman.
    ```

    ```rust after:cli/src/build.rs
    fn build() { podman() }
    ```

    ## Fixed

    ```markdown before:.agents/src/RULES.md
    1. **Build.** Every build MUST use bake.
    ```

    ```rust before:cli/src/build.rs
    fn build() {}
    ```

    ```markdown after:.agents/src/RULES.md
    1. **Build.** Every build MUST use bake, or podman.
    ```

    ```rust after:cli/src/build.rs
    fn build() {}
    ```

    ## Exempt

    Documentation (`not_code`), and a document that only moved.

    ## Configuration

    `[submission]`: `rules_documents`, `code`, `not_code`, `exempt_labels.SUB002`; `governs` says
    of a document which code it governs, where that is not all of it:
    `governs = { ".agents/src/RULES.md" = ["cli/**"] }`.
    """
    if change.labelled(config.submission.exempts("SUB002")):
        return
    for document in submitted.documents:
        governed = submitted.governed(document.path)
        if governed:
            span = first_difference(document.before, document.after) if document.after else START
            yield Hit(
                document.path,
                f"this rules document changes together with code that it governs "
                f"({listed([c.path for c in governed])}): submit the rule first, on its own",
                span,
                subject=document.path,
            )


@rule("SUB003", "rule-without-changelog", "error")
def rule_without_changelog(submitted: Submitted, change: Change, config: Config) -> Iterator[Hit]:
    """A rules document with a Changelog section changed, and got no new dated row.

    A row is a table row, a list item or a heading that begins with a date (`2026-06-14`). To
    edit a row that is there is not enough. The finding points at the section's heading.

    ## Why

    A published requirement that changes without a record is silent drift: whoever kept the old
    one cannot find out. In the reference fleet 5 of 10 commits that changed a rules document
    did so without a dated row.

    ## Example

    ```markdown before:tests/RULES.md
    1. **Offline.** Tests MUST run offline.

    ## Changelog

    | Date | Change |
    |---|---|
    | 2026-04-13 | Initial version |
    ```

    ```markdown after:tests/RULES.md
    1. **Offline.** Tests SHOULD run offline.

    ## Changelog

    | Date | Change |
    |---|---|
    | 2026-04-13 | Initial version |
    ```

    ## Fixed

    ```markdown before:tests/RULES.md
    1. **Offline.** Tests MUST run offline.

    ## Changelog

    | Date | Change |
    |---|---|
    | 2026-04-13 | Initial version |
    ```

    ```markdown after:tests/RULES.md
    1. **Offline.** Tests SHOULD run offline.

    ## Changelog

    | Date | Change |
    |---|---|
    | 2026-04-13 | Initial version |
    | 2026-06-15 | Rule 1: SHOULD, because of the licence server. |
    ```

    ## Exempt

    A document without a Changelog section, one that is deleted, and one that only moved.

    ## Configuration

    `[submission]`: `rules_documents`, `exempt_labels.SUB003`; `rules_changelog = false` turns
    the rule off.
    """
    settings = config.submission
    if not settings.rules_changelog or change.labelled(settings.exempts("SUB003")):
        return
    for document in submitted.documents:
        before, after = document.before, document.after
        if after is None:
            continue
        if after.changelog is None:
            if before is not None and before.changelog is not None:
                yield Hit(
                    document.path,
                    "the Changelog section is gone: keep it, and add a dated row for this change",
                    first_difference(before, after),
                    subject=document.path,
                )
            continue
        known = Counter(row.date for row in before.rows) if before else Counter[str]()
        if not Counter(row.date for row in after.rows) - known:
            yield Hit(
                document.path,
                "this rules document changed and its Changelog has no new dated row: add one that "
                "says what changed",
                after.changelog.span,
                "| YYYY-MM-DD | What changed, and which requirement |",
                subject=document.path,
            )


@rule("SUB009", "rule-renumbered", "error")
def rule_renumbered(submitted: Submitted, change: Change, config: Config) -> Iterator[Hit]:
    """A numbered requirement vanished, or has another number than before.

    A requirement is known by its words in bold, or else by its first sentence. Under its old
    number it may be reworded; SUB003 asks for the record of that. The finding points at where
    the requirement is now, or at the start of the document if it is nowhere.

    ## Why

    Commits, tests and audits cite requirements as `RULES.md:8`. Once 8 is another rule, all of
    them lie. The reference fleet deprecates in place instead.

    ## Example

    ```markdown before:tests/RULES.md
    1. **Offline.** Tests MUST run offline.

    2. **Fast.** Tests MUST take less than a minute.
    ```

    ```markdown after:tests/RULES.md
    1. **Fast.** Tests MUST take less than a minute.
    ```

    ## Fixed

    ```markdown before:tests/RULES.md
    1. **Offline.** Tests MUST run offline.

    2. **Fast.** Tests MUST take less than a minute.
    ```

    ```markdown after:tests/RULES.md
    1. **Offline.** Deprecated: see 2.

    2. **Fast.** Tests MUST take less than a minute.
    ```

    ## Exempt

    A document whose status was Draft: its requirements were never published.

    ## Configuration

    `[submission]`: `rules_documents`, `exempt_labels.SUB009`.
    """
    if change.labelled(config.submission.exempts("SUB009")):
        return
    for document in submitted.documents:
        if document.before is not None and document.before.status != "draft":
            yield from _renumbered(document, document.before)


def _renumbered(document: DocumentChange, before: RulesDocument) -> Iterator[Hit]:
    if document.after is None:
        if before.requirements:
            count = len(before.requirements)
            yield Hit(
                document.path,
                "this rules document is deleted, and with it "
                f"{counted(count, 'numbered requirement')}"
                ": keep it, with the status Superseded",
                subject=document.path,
            )
        return
    after = document.after.requirements
    there = {(item.series, item.number): item for item in after}
    by_title: dict[str, Requirement] = {item.title.casefold(): item for item in reversed(after)}
    old_titles = {item.title.casefold() for item in before.requirements}
    for old in before.requirements:
        same = there.get((old.series, old.number))
        if same is not None and same.title.casefold() == old.title.casefold():
            continue
        moved = by_title.get(old.title.casefold())
        if moved is not None and moved.number != old.number:
            yield Hit(
                document.path,
                f"requirement {old.number} ({old.title}) is now {moved.number}: keep its number, "
                "and give new requirements new ones",
                moved.span,
                subject=document.path,
                about=f"{old.section} {old.number}",
            )
        elif moved is None and (same is None or same.title.casefold() in old_titles):
            yield Hit(
                document.path,
                f"requirement {old.number} ({old.title}) is gone: deprecate it in place, and name "
                "what replaces it",
                same.span if same else START,
                subject=document.path,
                about=f"{old.section} {old.number}",
            )


@rule("SUB010", "changelog-out-of-release", "note", default=False)
def changelog_out_of_release(submitted: Submitted, change: Change, config: Config) -> Iterator[Hit]:
    """The project's changelog changes in a submission that is no release.

    A submission is a release if it adds a heading with a version to the changelog. Off unless
    configured: many projects write the changelog as they go.

    ## Why

    Where the changelog is curated at a release, an entry made on the way is written for the
    author of the change and conflicts with every other one.

    ## Example

    ```markdown before:CHANGELOG.md
    # Changelog
    ```

    ```markdown after:CHANGELOG.md
    # Changelog

    - a new flag
    ```

    ## Fixed

    ```markdown before:CHANGELOG.md
    # Changelog
    ```

    ```markdown after:CHANGELOG.md
    # Changelog

    ## [1.2.0] - 2026-06-30

    - a new flag
    ```

    ## Configuration

    `[rules]`: `SUB010 = "note"` turns it on. `[submission]`: `changelogs` says which files,
    `exempt_labels.SUB010` which labels mark a release.
    """
    if change.labelled(config.submission.exempts("SUB010")):
        return
    globs = Globs(config.submission.changelogs)
    before, after = submitted.comparison.before, submitted.comparison.after
    for changed in submitted.comparison.changes:
        if changed.path not in globs or changed.status not in ("modified", "renamed"):
            continue
        if changed.same_content:
            continue
        old = submitted.content(changed.old_path, before)
        new = submitted.content(changed.path, after)
        if old is None or new is None or set(_RELEASE.findall(new)) - set(_RELEASE.findall(old)):
            continue
        yield Hit(
            changed.path,
            "the changelog changes, and no release is added to it: leave it to the release",
            _first_new_line(old, new),
            subject=changed.path,
        )


def _first_new_line(old: bytes, new: bytes) -> Span:
    before = old.splitlines()
    for number, line in enumerate(new.splitlines(), 1):
        if number > len(before) or before[number - 1] != line:
            return Span.at(number, 1, len(line.decode("utf-8", "replace")))
    return START
