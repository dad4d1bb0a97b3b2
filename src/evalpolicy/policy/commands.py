"""The commands that findings name in their help, to be copied into a shell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalpolicy.policy.rule import Finding

_COMMAND = re.compile("`(evalpolicy [^`]+)`")
# What is not plainly words is not offered: a repository may have written it.
_PLAIN = re.compile(r"evalpolicy(?: [A-Za-z0-9_./:=@%+,-]+)+")
_PLACEHOLDER = re.compile(r"(?<![^ ])[A-Z]+(?![^ ])")
# These only inspect and fix nothing.
_LOOKING = (
    "check", "explain", "rules", "fleet", "fixtures list", "fixtures show", "fixtures scan",
    "gitleaks explain", "provenance verify", "baseline show", "replay plan",
)  # fmt: skip
MOST_COMMANDS = 100
"""At most so many commands that fix one finding each are offered; there may be thousands."""


def commands(findings: Sequence[Finding]) -> tuple[tuple[str, ...], bool]:
    """What fixes findings of one rule, and whether each command fixes only one of them.

    Fixes that evalpolicy applies itself come before what messages and help name.
    """
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    if fixes:
        guess = "" if any(fix.safe for fix in fixes) else " --unsafe-fixes"
        return (f"evalpolicy check --select {findings[0].rule} --fix{guess}",), False
    offered = [dict.fromkeys(_fixing(finding)) for finding in findings]
    shared = [command for command in offered[0] if all(command in others for others in offered)]
    whole = [command for command in shared if is_whole(command)]
    if shared:
        return tuple(whole or shared), False
    distinct = dict.fromkeys(command for commands in offered for command in commands)
    return tuple(distinct)[:MOST_COMMANDS], True


def _fixing(finding: Finding) -> list[str]:
    """The commands between backticks, or a help that is a command and nothing else."""
    found = [finding.help, *_COMMAND.findall(f"{finding.help}\0{finding.message}")]
    return [
        command
        for command in found
        if is_plain(command) and not command.removeprefix("evalpolicy ").startswith(_LOOKING)
    ]


def is_plain(command: str) -> bool:
    """Whether a command is the same in every shell: nothing in it needs quoting."""
    return _PLAIN.fullmatch(command) is not None


def is_whole(command: str) -> bool:
    """Whether a command can be run as it is: it holds no word to be replaced, such as FIXTURE."""
    return not _PLACEHOLDER.search(command)
