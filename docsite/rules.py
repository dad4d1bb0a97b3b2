"""One page per rule, generated from its docstring and from running its examples."""

from __future__ import annotations

import re
from pathlib import Path

from docsite import comparison
from docsite.examples import judged
from docsite.tables import cell, table
from evalpolicy.policy.rule import Rule
from evalpolicy.reporters import text as text_format
from evalpolicy.rules import FAMILIES, all_rules, family
from evalpolicy.rules.pages import BAD, GOOD, sections

ROOT = Path(__file__).parents[1]
# A wider block would scroll horizontally on most screens.
_COLUMNS = 80
_FENCE = re.compile(r"^```(\w+) (?:(before|after|upstream):)?(\S+)$", re.MULTILINE)
_NO_PATHS = {"message": "the commit message", "replay": "the result of the replay"}
_STATES = {"before": "before", "after": "after", "upstream": "main in the meantime"}


def pages() -> dict[str, str]:
    """Path → page: the index, and one page per rule."""
    found = {"rules/index.md": index()}
    found.update({f"rules/{rule.id}.md": page(rule) for rule in all_rules()})
    return found


def index() -> str:
    """All rules, one table per family."""
    about = families_about()
    parts = [
        "# Rules\n",
        f"{len(all_rules())} rules in {len(FAMILIES)} families. `evalpolicy explain LBL001` shows "
        "a rule's page in the terminal, offline; `--select` and `--ignore` take ids, names and "
        "families, and so does `[rules]` in the configuration.\n",
    ]
    for letters, (name, _) in FAMILIES.items():
        parts.append(f"## {letters} {name}\n")
        parts.append(f"{about[letters][0].upper()}{about[letters][1:]}.\n")
        rows = [
            (f"[{rule.id}]({rule.id}.md)", rule.name, _severity(rule), rule.title)
            for rule in family(letters)
        ]
        parts.append(table(("id", "name", "severity", "finds"), rows))
    return "\n".join(parts)


def families_about() -> dict[str, str]:
    """What each family is about, by its letters: the README's table."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]{3}) \| (.+?) \|$", text, re.MULTILINE)
    return {letters: re.sub(r" \(\[[^\]]+\]\([^)]+\)\)", "", about) for letters, about in rows}


def page(rule: Rule) -> str:
    """A rule's page: its docstring, its report on the bad example, and the tools that find it."""
    letters = rule.family
    name = FAMILIES[letters][0]
    parts = [
        f"---\ntitle: {rule.id} {rule.name}\n---\n",
        f"# {rule.id} {rule.name}\n",
        f"**{_severity(rule)}** · family [{letters} {name}](index.md#{letters.lower()}-{name})"
        f"{_fixed_by(rule)}\n",
    ]
    for title, text in sections(rule.documentation):
        if title:
            parts.append(f"## {title}\n")
        parts.append(_titled(text) + "\n")
        if title == BAD:
            parts.append(f"evalpolicy reports:\n\n```text\n{reported(rule)}```\n")
        if title == GOOD:
            parts.append("Now the rule reports nothing.\n")
    parts += ["## Other tools\n", f"{comparison.line(rule.id)}\n"]
    parts += [
        "## How to suppress\n",
        f"For one line: `# evalpolicy: ignore[{rule.id}] the reason`. For a path: `[[allow]]` with "
        f'`rule = "{rule.id}"`. For the whole fleet: `"{rule.id}" = "off"` under `[rules]` '
        "([configuration](../reference/configuration.md)).\n",
    ]
    return "\n".join(parts)


def reported(rule: Rule) -> str:
    """What the text format prints for the rule's bad example, without the summary at its end."""
    report = judged(rule)
    lines = text_format.render(report, columns=_COLUMNS, full=True).splitlines()
    end = next(n for n, line in enumerate(lines) if line.startswith("Checked "))
    return "\n".join(lines[:end]).rstrip() + "\n"


def _fixed_by(rule: Rule) -> str:
    fixes = [finding.fix for finding in judged(rule).findings if finding.fix]
    if not fixes:
        return ""
    safe = any(fix.safe for fix in fixes)
    return " · fixed by `--fix`" if safe else " · fixed by `--fix --unsafe-fixes`"


def _severity(rule: Rule) -> str:
    return rule.severity if rule.default else f"{rule.severity}, off unless configured"


def _titled(text: str) -> str:
    """Fences with the path, and the state it belongs to, as the theme's title."""
    return _FENCE.sub(_title, text)


def _title(fence: re.Match[str]) -> str:
    language, state, path = fence[1], fence[2], fence[3]
    title = path if state else _NO_PATHS.get(path, path)
    if state:
        title += f" ({_STATES[state]})"
    if language == "json" and path.endswith(".jsonl"):
        title += ", one value per line"
    return f'```{language} title="{cell(title)}"'
