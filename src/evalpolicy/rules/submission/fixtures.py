"""Fixtures in a submission: added with provenance, never rewritten, not deleted silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalpolicy.config.reading import Config
from evalpolicy.facts.submitted_files import SubmittedFiles
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.snapshot.submission.change import Submission


@rule("SUB005", "fixture-without-provenance", "error")
def fixture_without_provenance(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A fixture is added without a provenance entry.

    The entry is the one with the fixture's name, without its suffix, in the provenance file.

    ## Why

    How a run was recorded is known on the day it is added, and forgotten a month later. In the
    reference fleet 6015cabb added a fixture for a new agent without an entry; today none of its 240
    fixtures has one.

    ## Example

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json after:tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"captured": "2026-06-15T10:54:49Z"}}
    ```

    ## Exempt

    A fixture that was only moved or renamed, or that replaces one of its name (SUB006); PRV001
    requires its entry.

    ## Configuration

    `[layout]`: `fixtures`, `provenance`. `[submission]`: `exempt_labels.SUB005`.
    """
    if change.labelled(config.submission.exempts("SUB005")):
        return
    replaced = _replaced(submitted_files)
    for added in submitted_files.fixtures:
        stem = stem_of(added.path)
        if added.status != "added" or stem in replaced:
            continue
        if stem not in submitted_files.provenance:
            yield Hit(
                added.path,
                f"{stem} is added without a provenance entry: add one to "
                f"{config.layout.provenance}",
                subject=stem,
                cause=config.layout.provenance,
            )


@rule("SUB006", "fixture-rewritten", "error")
def fixture_rewritten(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A fixture was changed in place.

    A rename that also changes the content counts too, and so does a fixture that is replaced by one
    of the same name in another format.

    ## Why

    A fixture is evidence of a run. Once it is edited it shows what somebody wanted it to show: in
    715a4c4d recorded fixtures were reshaped in place, and 230 of the reference fleet's now contain
    made-up times.

    ## Example

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": [{}]}
    ```

    ## Fixed

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": [{}]}
    ```

    ```json after:tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"captured": "2026-06-17T08:00:00Z"}}
    ```

    ## Exempt

    A fixture that was recorded again: its provenance entry has a new capture time.

    ## Configuration

    `[layout]`: `fixtures`. `[submission]`: `provenance`; `exempt_labels.SUB006`, for example for
    the removal of a credential.
    """
    if change.labelled(config.submission.exempts("SUB006")):
        return
    replaced = _replaced(submitted_files)
    for changed in submitted_files.fixtures:
        before = changed.old_path
        if changed.status == "added":
            before = replaced.get(stem_of(changed.path), "")
        if changed.status == "deleted" or changed.same_content or not before:
            continue
        if not submitted_files.is_fixture(before) or submitted_files.recorded_anew(changed):
            continue
        was = f" (as {before})" if before != changed.path else ""
        yield Hit(
            changed.path,
            f"a recorded fixture was changed{was}: restore it, or record the run again and update "
            "`captured` in its provenance entry",
            subject=stem_of(changed.path),
            cause="rewritten",
        )


@rule("SUB011", "fixture-deleted", "warning")
def fixture_deleted(
    submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A fixture is deleted without a reason in the broken manifest.

    The finding is at the fixture's former path.

    ## Why

    f55ad80b deleted nine fixtures that were refusals or loops. Whoever records next has to know
    which runs go wrong, and how; the reference fleet's rule is to document a broken fixture, not to
    delete it.

    ## Example

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```text after:README.md
    nothing is left
    ```

    ## Fixed

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json after:tests/run/replay/fixtures/broken.json
    {"broken": [{"fixture": "arc-0-codex.traces.jsonl", "reason": "deleted: a refusal"}]}
    ```

    ## Exempt

    A fixture that was renamed, or replaced by one with the same name and another suffix.

    ## Configuration

    `[layout]`: `fixtures`, `broken`. `[submission]`: `exempt_labels.SUB011`.
    """
    if change.labelled(config.submission.exempts("SUB011")):
        return
    manifest = config.layout.broken
    there = {stem_of(item.path) for item in submitted_files.fixtures if item.status != "deleted"}
    for gone in submitted_files.fixtures:
        stem, name = stem_of(gone.path), gone.path.rpartition("/")[2]
        if gone.status == "deleted" and stem not in there and not submitted_files.broken.get(name):
            yield Hit(
                gone.path,
                f"{name} is deleted without a reason: restore it, or add it to {manifest} with its "
                '"reason"',
                help='"reason": "deleted: …" tells who records next what went wrong',
                subject=stem,
                cause="deleted",
            )


def _replaced(submitted_files: SubmittedFiles) -> Mapping[str, str]:
    """By name: the former paths of fixtures that were deleted where others of their name came."""
    added = {stem_of(item.path) for item in submitted_files.fixtures if item.status == "added"}
    deleted = (item.path for item in submitted_files.fixtures if item.status == "deleted")
    return {stem: path for path in deleted if (stem := stem_of(path)) in added}
