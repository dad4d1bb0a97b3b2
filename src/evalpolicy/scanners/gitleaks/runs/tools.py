"""Files that pin the tools of a repository: mise, asdf, the go module's tools."""

from __future__ import annotations

import re
from collections.abc import Callable

from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.artifacts.syntax.toml_spans import Array, Table, TomlScalar, Value
from evalpolicy.scanners.gitleaks.runs.model import Seen, tagged

FILES = (".tool-versions", "mise.toml", ".mise.toml", ".config/mise.toml", "mise/config.toml")
_LINE = re.compile(r"[ \t]*gitleaks[ \t]+(\S+)", re.MULTILINE)
_NAME = re.compile(r"(?:[\w]+:)?(?:[\w-]+/)*gitleaks")


def tools_seen(read: Callable[[str], bytes | None]) -> Seen | None:
    """What a file of tools at the top says of gitleaks; None if none does."""
    for path in FILES:
        content = read(path)
        if content is None or b"gitleaks" not in content:
            continue
        text = content.decode("utf-8", "replace")
        found = _LINE.search(text)
        version = found[1] if path == FILES[0] and found else _mise(content)
        if version is not None:
            return tagged(version)
    return None


def _mise(content: bytes) -> str | None:
    """`gitleaks = "8.21.2"`, `"ubi:gitleaks/gitleaks" = { version = "…" }`, a list's first."""
    entry = parse_toml(content).root.entries.get("tools")
    tools = entry.value.entries if entry is not None and isinstance(entry.value, Table) else {}
    for name, tool in tools.items():
        if _NAME.fullmatch(name):
            return _version(tool.value)
    return None


def _version(value: Value) -> str | None:
    if isinstance(value, Table):
        return _version(value.entries["version"].value) if "version" in value.entries else None
    if isinstance(value, Array):
        return _version(value.items[0]) if value.items else None
    return str(value.value) if isinstance(value, TomlScalar) else None
