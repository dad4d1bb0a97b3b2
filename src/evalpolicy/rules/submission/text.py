"""The text of a submission: its issue reference and its sign-off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.syntax.markdown import MarkdownError, without
from evalpolicy.config.reading import Config
from evalpolicy.config.submission import SubmissionSettings
from evalpolicy.matching.re2 import found_in
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.snapshot.submission.change import Commit, Submission, SubmissionText

# GitHub adds the pull request's own number to the subject of a squash merge.
_OWN_NUMBER = re.compile(r"\s*\(#[0-9]+\)\s*$")
_SIGNED = re.compile(
    r"^signed-off-by:[ \t]*([^<>\n]*?)[ \t]*<[ \t]*([^<>\s]+@[^<>\s]+)[ \t]*>[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)


@rule("SUB001", "issue-reference", "error")
def issue_reference(change: Submission, config: Config) -> Iterator[Hit]:
    """The submission does not refer to an issue.

    In a pull request the title and the body are searched, in a commit-msg hook the message; for
    commits between a base and a head one reference in any of them is enough. `(#12)` at the end of
    a subject is the pull request's own number, as a squash merge writes it, and not a reference.
    HTML comments (hints of a template) and code do not count. The finding points at the message;
    as a pull request is not a file, there it points at the first changed file.

    ## Why

    A contribution without an issue is one that nobody has agreed on. The pull request that led to
    this project was rejected for it.

    ## Example

    ```text message
    Record a fixture for arc (#151)

    Signed-off-by: Ada Example <ada@example.org>
    ```

    ## Fixed

    ```text message
    Record a fixture for arc (#151)

    Resolves #149.

    Signed-off-by: Ada Example <ada@example.org>
    ```

    ## Exempt

    Bots, merge commits, and pull requests with the label `skip-issue`.

    ## Configuration

    `[submission]`: `issue_references` (RE2; by default `#12`, `owner/name#12`, `GH-12` and an
    issue's URL; `'(?i)\\b(?:fix|close|resolve)[sd]?:? +#[0-9]+'` requires a keyword),
    `bots`, and `exempt_labels.SUB001`.
    """
    settings = config.submission
    text = change.text
    if text is not None:
        if not change.labelled(settings.exempts("SUB001")) and not _by_bot(text, settings):
            yield from _unnamed_issue(change, text, settings)
        return
    judged = [c for c in change.commits if not c.is_merge and not _is_bot(c, settings)]
    if not judged or any(_refers(c.message, settings, None) for c in judged):
        return
    subjects = ", ".join(f"{commit.short} {commit.subject!r}" for commit in judged[:3])
    more = f" and {len(judged) - 3} more" if len(judged) > 3 else ""
    yield Hit(
        change.anchor,
        f"no commit refers to an issue ({subjects}{more}): add a reference to the one that this "
        "resolves, such as `Fixes #12`",
        subject="commits",
    )


def _unnamed_issue(
    change: Submission, text: SubmissionText, settings: SubmissionSettings
) -> Iterator[Hit]:
    if text.kind == "message":
        if not text.title.startswith(("Merge ", "fixup! ", "squash! ", "amend! ")) and not _refers(
            f"{text.title}\n{text.body}", settings, None
        ):
            yield Hit(
                text.path,
                "the message refers to no issue: add the one that this resolves, such as "
                "`Fixes #12`",
                text.span,
                subject="message",
            )
    elif not _refers(f"{text.title}\n{text.body}", settings, text.number):
        number = f" #{text.number}" if text.number else ""
        yield Hit(
            change.anchor,
            f"neither the title nor the body of the pull request{number} refers to an issue: add "
            "the one that it resolves to the body, such as `Fixes #12`",
            subject="pull request",
        )


def _refers(text: str, settings: SubmissionSettings, own: int | None) -> bool:
    """Whether the text refers to an issue other than the pull request's own number."""
    subject, _, body = text.strip("\n").partition("\n")
    try:
        shown = without(body, code=True).replace("\0", " ")
    except MarkdownError:
        shown = ""
    words = f"{_OWN_NUMBER.sub('', subject)}\n{shown}"
    if own is not None:
        words = re.sub(rf"(?<![\w/])#{own}\b", " ", words)
    return any(found_in(settings.issue_references, line) for line in words.split("\n"))


@rule("SUB004", "sign-off", "error", default=False)
def sign_off(change: Submission, config: Config) -> Iterator[Hit]:
    """A commit has no Signed-off-by of its author. Off unless configured.

    The author's address or name has to match; if the commit was rewritten, the committer's is
    accepted too. A sign-off by somebody else is not, unless configured. The finding points at the
    message; as a commit is not a file, there it points at the submission's first changed file and
    names the commit.

    ## Why

    With the sign-off the author states the Developer Certificate of Origin
    (https://developercertificate.org). Nobody can do that on another's behalf. In the reference
    fleet 79 of 81 commits have one.

    ## Example

    ```text message
    Record a fixture for arc

    Fixes #149.
    ```

    ## Fixed

    ```text message
    Record a fixture for arc

    Fixes #149.

    Signed-off-by: Test <test@example.org>
    ```

    ## Exempt

    Bots and merge commits.

    ## Configuration

    `[rules] SUB004 = "error"` enables the rule. `[submission]`: `sign_off = "anyone"` accepts any
    sign-off, `merge_commits = true` requires one in merge commits too; `bots`, and
    `exempt_labels.SUB004`.
    """
    settings = config.submission
    if change.labelled(settings.exempts("SUB004")):
        return
    text = change.text
    if text is not None and text.kind == "message":
        merges = text.title.startswith("Merge ") and not settings.merge_commits
        missing = None
        if not merges and not found_in(settings.bots, text.author):
            people = {(text.author, text.author_email)} if text.author_email else set()
            missing = _missing(f"{text.title}\n{text.body}", people, settings)
        if missing:
            yield Hit(
                text.path,
                f"{missing}: add it with `git commit -s`",
                text.span,
                subject="message",
            )
    for commit in change.commits:
        if _is_bot(commit, settings) or (commit.is_merge and not settings.merge_commits):
            continue
        people = {
            (commit.author, commit.author_email),
            (commit.committer, commit.committer_email),
        }
        missing = _missing(commit.message, people, settings)
        if missing:
            yield Hit(
                change.anchor,
                f"commit {commit.short} ({commit.subject!r}): {missing}",
                help="run `git rebase --signoff`, or for the last commit `git commit --amend -s`",
                subject=commit.id,
            )


def _missing(
    message: str, people: set[tuple[str, str]], settings: SubmissionSettings
) -> str | None:
    """What is wrong with the sign-offs of a message; None if one of these people signed it."""
    signed = _SIGNED.findall(message)
    if not signed:
        return "the Signed-off-by is missing"
    if settings.sign_off == "anyone" or not people:
        return None
    names = {name.casefold() for name, _ in people}
    addresses = {address.casefold() for _, address in people}
    if any(n.casefold() in names or a.casefold() in addresses for n, a in signed):
        return None
    wanted = " or ".join(f"{name} <{address}>" for name, address in sorted(people))
    return f"signed off by {signed[0][0]} <{signed[0][1]}>, but not by {wanted}"


def _by_bot(text: SubmissionText, settings: SubmissionSettings) -> bool:
    return text.bot or bool(found_in(settings.bots, text.login or text.author))


def _is_bot(commit: Commit, settings: SubmissionSettings) -> bool:
    return found_in(settings.bots, commit.author) is not None
