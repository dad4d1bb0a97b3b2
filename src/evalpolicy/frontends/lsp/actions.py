"""Quick fixes: the fixes of rules, and suppression comments in the file's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from lsprotocol import types

from evalpolicy.artifacts.syntax import comments
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.engine.fixing.apply import compatible
from evalpolicy.facts.waivers import suppressions
from evalpolicy.frontends.lsp.diagnostics import ShownFinding
from evalpolicy.frontends.lsp.positions import EncodedLines
from evalpolicy.policy.edits import edited
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.rule import Finding

FIX_ALL = "source.fixAll.evalpolicy"


def actions(
    path: str,
    here: Sequence[ShownFinding],
    everything: Sequence[ShownFinding],
    files: Files,
    *,
    dockerfile: bool,
) -> Iterator[types.CodeAction]:
    """The actions for the diagnostics `here`, and the safe fixes of the whole file at once."""
    text = files.text(path)
    if text is None:
        return
    for diagnostic, finding, _ in here:
        if finding is None:
            continue
        if finding.fix is not None and (edit := files.edit(path, [finding.fix])):
            yield _mending(finding, finding.fix, diagnostic, edit)
        comment = suppression(path, text, finding, dockerfile=dockerfile)
        if comment is not None and (edit := files.edit(path, [comment])):
            yield types.CodeAction(
                f"Suppress {finding.rule} with a comment (write the reason)",
                types.CodeActionKind.QuickFix,
                [diagnostic],
                edit=edit,
            )
    findings = [item.finding for item in everything if item.finding is not None]
    safe = [fix for _, fix in compatible(findings, unsafe=False) if _stays_in(path, fix)]
    if safe and (edit := files.edit(path, safe)):
        yield types.CodeAction("Apply all safe fixes of evalpolicy here", FIX_ALL, edit=edit)


def _mending(
    finding: Finding, fix: Fix, diagnostic: types.Diagnostic, edit: types.WorkspaceEdit
) -> types.CodeAction:
    guess = "" if fix.safe else " (unsafe: it guesses)"
    return types.CodeAction(
        f"Fix {finding.rule} {finding.name}{guess}",
        types.CodeActionKind.QuickFix,
        [diagnostic],
        is_preferred=True if fix.safe else None,
        edit=edit,
    )


def _stays_in(path: str, fix: Fix) -> bool:
    return all(edit.path in ("", path) for edit in fix.edits)


def suppression(path: str, text: str, finding: Finding, *, dockerfile: bool) -> Fix | None:
    """A comment above the finding's line that suppresses it once a reason is filled in.

    None where there can be none: the file's language has no comments, the line stands within
    a string, a heredoc or a continued line, or a directive has to come first.
    """
    if comments.reader_of(path, dockerfile=dockerfile) is None:
        return None
    if finding.rule.startswith("EVP") or finding.rule == "PIN007":
        return None
    lines = text.removeprefix("\ufeff").split("\n")
    number = finding.span.line
    if number > len(lines):
        return None
    line = lines[number - 1]
    above = lines[number - 2].rstrip("\r") if number > 1 else ""
    if above.endswith("\\") and not dockerfile:
        return None
    if (number == 1 or dockerfile) and _FIRST.match(line):
        return None
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    opening, closing = _MARKS.get(path.rpartition(".")[2].lower(), ("#", ""))
    words = f"evalpolicy: ignore[{finding.rule}] {suppressions.PLACEHOLDER}"
    edit = Edit(Span(number, 1, number, 1), f"{indent}{opening} {words}{closing}\n")
    after = edited(text.encode("utf-8", "replace"), [edit])
    done = suppressions.read(path, after, dockerfile=dockerfile)
    takes = any(
        item.span.line == number and finding.rule in item.selectors and number + 1 in item.covers
        for item in done
    )
    if not takes:
        return None
    if path.endswith((".yaml", ".yml")) and _scalars(after.decode("utf-8", "replace")) != _scalars(
        text
    ):
        return None
    return Fix((edit,))


def _scalars(text: str) -> list[str] | None:
    """The scalars of YAML: a comment within one that goes on over lines cuts it in two."""
    from evalpolicy.artifacts.syntax.yaml_stream import YamlError, scalars

    try:
        return [scalar.value for scalar in scalars(text)]
    except YamlError:
        return None


# What has to stay on the first line: a shebang, a BuildKit directive, or an
# XML declaration.
_FIRST = re.compile(r"#!|\s*#\s*[A-Za-z]+\s*=|<\?")
_SLASHES = ("js", "mjs", "cjs", "ts", "tsx", "jsx", "go", "rs", "c", "h", "cc", "cpp", "java")
_MARKS = {
    **dict.fromkeys(("md", "markdown", "html", "htm", "xml", "svg"), ("<!--", " -->")),
    **dict.fromkeys(_SLASHES, ("//", "")),
    **dict.fromkeys(("sql", "lua", "hs"), ("--", "")),
}


class Files:
    """The texts to edit, as the client has them or as they are on disk.

    `read` gives a path's URI, its version (None if it is not open) and its text; None if that is
    not the text that was checked.
    """

    def __init__(
        self,
        read: Callable[[str], tuple[str, int | None, str] | None],
        encoding: str,
        *,
        versioned: bool,
    ) -> None:
        self._read = cache(read)
        self._encoding = encoding
        self._versioned = versioned

    def text(self, path: str) -> str | None:
        found = self._read(path)
        return None if found is None else found[2]

    def edit(self, path: str, fixes: Sequence[Fix]) -> types.WorkspaceEdit | None:
        """All fixes as one edit; None if one of the files changed since the check."""
        made: dict[str, list[Edit]] = {}
        for fix in fixes:
            for edit in fix.edits:
                made.setdefault(edit.path or path, []).append(edit)
        changes: dict[str, list[types.TextEdit]] = {}
        versions: dict[str, int | None] = {}
        for where, edits in made.items():
            found = self._read(where)
            if found is None:
                return None
            uri, versions[uri], text = found
            changes[uri] = list(_text_edits(text, edits, self._encoding))
        if not self._versioned:
            return types.WorkspaceEdit(changes=changes)
        documents = [
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(uri, versions[uri]), edits
            )
            for uri, edits in changes.items()
        ]
        return types.WorkspaceEdit(document_changes=documents)


def _text_edits(text: str, edits: Sequence[Edit], encoding: str) -> Iterator[types.TextEdit]:
    lines = EncodedLines(text, encoding)
    end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    for edit in sorted(edits, key=lambda edit: edit.span):
        yield types.TextEdit(lines.range(edit.span), edit.text.replace("\n", end))
