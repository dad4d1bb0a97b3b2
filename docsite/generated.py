"""All pages that are made and not written, by their path in the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from docsite import commands, comparison, configuration, report, rules

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/evalpolicy/evalpolicy"

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)]*)?\)")


def pages() -> dict[str, str]:
    """Path → content: Markdown, and the schemas under the addresses that their `$id` promises."""
    return {
        **rules.pages(),
        "reference/commands.md": commands.page(),
        "reference/configuration.md": configuration.page(),
        "reference/report-json.md": report.page(),
        "comparison.md": comparison.page(),
        "changelog.md": _from_the_top("CHANGELOG.md"),
        "contributing.md": _from_the_top("CONTRIBUTING.md"),
        **{
            f"schemas/{file.name}": file.read_text(encoding="utf-8")
            for file in sorted((ROOT / "schemas").glob("*.json"))
        },
    }


def outward(text: str, page: str) -> str:
    """The text of a page, with what links to files of the repository outside of docs/.

    On GitHub such a link is relative; the site has it lead to GitHub. Raises `ValueError` for one
    that leads to nothing.
    """

    def moved(link: re.Match[str]) -> str:
        words, target, anchor = link[1], link[2], link[3] or ""
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
        if path.startswith("docs/"):
            return link[0]
        if not (ROOT / path).exists():
            raise ValueError(f"docs/{page} links to {target}, which is not there")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"[{words}]({REPOSITORY}/{kind}/main/{path}{anchor})"

    return _LINK.sub(moved, text)


def _from_the_top(name: str) -> str:
    """A document of the repository's top folder, its links as they are from within the site."""
    return _LINK.sub(_moved, (ROOT / name).read_text(encoding="utf-8"))


def _moved(link: re.Match[str]) -> str:
    words, target, anchor = link[1], link[2], link[3] or ""
    if target.startswith("docs/"):
        return f"[{words}]({target.removeprefix('docs/')}{anchor})"
    if target in ("CHANGELOG.md", "CONTRIBUTING.md"):
        return f"[{words}]({target.lower()}{anchor})"
    return f"[{words}]({REPOSITORY}/blob/main/{target}{anchor})"
