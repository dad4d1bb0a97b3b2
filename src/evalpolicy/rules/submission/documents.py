"""Changes of rules documents: separate from code, with a dated row, without renumbering."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from evalpolicy.artifacts.rules_document import Requirement, RulesDocument, first_difference
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.config.reading import Config
from evalpolicy.facts.submitted_files import DocumentChange, SubmittedFiles
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot.submission.change import Submission

# A heading that opens a release: `## [1.2.3] - 2026-06-30`, `## v1.2.3`.
_RELEASE = re.compile(rb"^#{1,3}[ \t]+\[?v?\d+\.\d+[^\n]*", re.MULTILINE)


@rule("SUB002", "rules-with-code", "warning")
def rules_with_code(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A submission changes both a rules document and code that it governs.

    The finding points at the first changed line of the document.

    ## Why

    A rule that changes together with the code is adapted to it: nobody can tell any more whether
    the code complied with the rule. The reference fleet forbids it, and a pull request was blocked
    for it (787bd036: `.agents/src/RULES.md` with `cli/src/build.rs`); 8 of 10 commits in two weeks
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

    Documentation (`not_code`), and a document that was only moved.

    ## Configuration

    `[submission]`: `rules_documents`, `code`, `not_code`, `exempt_labels.SUB002`; `governs` limits
    the code that a document governs:
    `governs = { ".agents/src/RULES.md" = ["cli/**"] }`.
    """
    if change.labelled(config.submission.exempts("SUB002")):
        return
    for document in submitted_files.documents:
        governed = submitted_files.governed(document.path)
        if governed:
            span = first_difference(document.before, document.after) if document.after else START
            folder = document.path.rpartition("/")[0] + "/"
            paths = sorted((c.path for c in governed), key=lambda path: not path.startswith(folder))
            yield Hit(
                document.path,
                f"rules and code change together: this document and {listed(paths)}: submit the "
                "rule first and separately",
                span,
                subject=document.path,
            )


@rule("SUB003", "rule-without-changelog", "error")
def rule_without_changelog(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A rules document changed, but its Changelog section got no new dated row.

    A row is a table row, a list item or a heading that begins with a date (`2026-06-14`). Editing
    an existing row is not enough. The finding points at the section's heading.

    ## Why

    A published requirement that changes without a record is silent drift: those who comply with
    the old one cannot find out. In the reference fleet 5 of 10 commits that changed a rules
    document did so without a dated row.

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

    A document without a Changelog section, and one that was deleted or only moved.

    ## Configuration

    `[submission]`: `rules_documents`, `exempt_labels.SUB003`; `rules_changelog = false` disables
    the rule.
    """
    settings = config.submission
    if not settings.rules_changelog or change.labelled(settings.exempts("SUB003")):
        return
    for document in submitted_files.documents:
        before, after = document.before, document.after
        if after is None:
            continue
        if after.changelog is None:
            if before is not None and before.changelog is not None:
                yield Hit(
                    document.path,
                    "the Changelog section was removed: restore it, and add a dated row for this "
                    "change",
                    first_difference(before, after),
                    subject=document.path,
                )
            continue
        known = Counter(row.date for row in before.rows) if before else Counter[str]()
        if not Counter(row.date for row in after.rows) - known:
            yield Hit(
                document.path,
                "this rules document changed but its Changelog has no new dated row: add one that "
                "describes the change",
                after.changelog.span,
                "| YYYY-MM-DD | What changed, and which requirement |",
                subject=document.path,
            )


@rule("SUB009", "rule-renumbered", "error")
def rule_renumbered(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A numbered requirement was removed or renumbered.

    A requirement is identified by its words in bold, or else by its first sentence. It may be
    reworded under its old number; SUB003 requires a record of that. The finding points at the new
    place of the requirement, or at the start of the document if it was removed.

    ## Why

    Commits, tests and audits cite requirements as `RULES.md:8`. Once 8 is another requirement, all
    of these citations are wrong. The reference fleet deprecates in place instead.

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
    for document in submitted_files.documents:
        if document.before is not None and document.before.status != "draft":
            yield from _renumbered(document, document.before)


def _renumbered(document: DocumentChange, before: RulesDocument) -> Iterator[Hit]:
    if document.after is None:
        if before.requirements:
            count = len(before.requirements)
            yield Hit(
                document.path,
                f"this rules document with {counted(count, 'numbered requirement')} was deleted: "
                "keep it, with the status Superseded",
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
                "and give new requirements new numbers",
                moved.span,
                subject=document.path,
                about=f"{old.section} {old.number}",
            )
        elif moved is None and (same is None or same.title.casefold() in old_titles):
            yield Hit(
                document.path,
                f"requirement {old.number} ({old.title}) was removed: deprecate it in place, and "
                "name its replacement",
                same.span if same else START,
                subject=document.path,
                about=f"{old.section} {old.number}",
            )


@rule("SUB010", "changelog-out-of-release", "note", default=False)
def changelog_out_of_release(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A submission that is not a release changes the project's changelog.

    A submission is a release if it adds a heading with a version to the changelog. Off unless
    configured: many projects update the changelog with each change.

    ## Why

    If the changelog is curated at a release, an entry that comes with a change is written from its
    author's perspective and conflicts with every other one.

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

    `[rules]`: `SUB010 = "note"` enables the rule. `[submission]`: `changelogs` lists the files,
    `exempt_labels.SUB010` the labels that mark a release.
    """
    if change.labelled(config.submission.exempts("SUB010")):
        return
    globs = Globs(config.submission.changelogs)
    before, after = submitted_files.comparison.before, submitted_files.comparison.after
    for changed in submitted_files.comparison.changes:
        if changed.path not in globs or changed.status not in ("modified", "renamed"):
            continue
        if changed.same_content:
            continue
        old = submitted_files.content(changed.old_path, before)
        new = submitted_files.content(changed.path, after)
        if old is None or new is None or set(_RELEASE.findall(new)) - set(_RELEASE.findall(old)):
            continue
        yield Hit(
            changed.path,
            "the changelog changes without a new release: leave the changelog to the release",
            _first_new_line(old, new),
            subject=changed.path,
        )


def _first_new_line(old: bytes, new: bytes) -> Span:
    before = old.splitlines()
    for number, line in enumerate(new.splitlines(), 1):
        if number > len(before) or before[number - 1] != line:
            return Span.at(number, 1, len(line.decode("utf-8", "replace")))
    return START
