"""Which agent recorded a fixture: by its User-Agent, or by how its system prompt opens."""

from __future__ import annotations

import re
from typing import Literal

import re2
from msgspec import Struct, field

from evalpolicy.artifacts.trajectory.model import Client

USER_AGENTS: dict[str, str] = {
    "claude-cli": "claude-code",
    "codex_exec": "codex",
    "codex_cli_rs": "codex",
    "codex-tui": "codex",
    "GeminiCLI": "gemini-cli",
    "QwenCode": "qwen-code",
    "opencode": "opencode",
    "Cline": "cline",
    "Charm Crush": "crush",
    "Charm-Crush": "crush",
    "GitHubCopilotCLI": "copilot-cli",
    "copilot-cli": "copilot-cli",
}
"""Agents by the product token of the User-Agent that they send (RFC 9110, 10.1.5).

`claude-cli` and `codex_exec` are measured on recordings; the others are what the projects' sources
send. A library's token (`OpenAI/Python`, `Python-urllib`) is not an agent: many agents share it."""

PROMPTS: tuple[tuple[str, str], ...] = (
    ("You are a coding agent running in the Codex CLI", "codex"),
    ("x-anthropic-billing-header: cc_version=", "claude-code"),
    ("You are Claude Code, Anthropic's official CLI", "claude-code"),
    ("You are OpenHands agent,", "openhands"),
    ("AI agent called goose, created by", "goose"),
    ("Generate a short title (four words or less) that describes", "goose"),
    ("<permissions instructions>", "codex"),
    ("skill to configure the Claude Code harness", "claude-code"),
    ("You are an expert coding assistant. Read, write, edit files and run commands.", "zerostack"),
    ("Act as an expert software developer.", "aider"),
    ("Act as an expert code analyst.", "aider"),
    ("You are Qwen Code,", "qwen-code"),
    ("You are Gemini CLI,", "gemini-cli"),
    ("You are an interactive CLI agent specializing in software engineering", "gemini-cli"),
    ("You are Cline, a highly skilled software engineer", "cline"),
    ("You are Crush, a powerful AI", "crush"),
    ("You are opencode, an interactive CLI", "opencode"),
    ("You are OpenCode, ", "opencode"),
    ("You are the GitHub Copilot CLI", "copilot-cli"),
    ("You are Plandex, an AI programming", "plandex"),
    ("You are an agent in the Continue CLI", "continue-cli"),
    ("You are Open Interpreter, a world-class programmer", "open-interpreter"),
    ("solving command-line tasks in a Linux environment", "terminus-2"),
    ("You are a personal assistant running inside OpenClaw", "openclaw"),
)
"""Agents by words that open their system prompt.

The first ten rows are measured on recordings (the title request is goose's own first call, the
permissions are what Codex tells the model where its instructions are not recorded); the rest are
from the projects' sources."""

_IN_PASSING = frozenset(
    (
        "Generate a short title (four words or less) that describes",
        "<permissions instructions>",
        "skill to configure the Claude Code harness",
    )
)
"""Rows that show an agent without introducing it: others are shown to people instead."""

_FARTHEST = 80
_SENTENCE = re.compile(r"(?:[.!?]\s|\n|\\n|\"|[>;])\s*")
_PRODUCT = re.compile(r"\s*([^/\s(]+(?: Crush)?)")
_PROMPT = re2.compile("|".join(re2.escape(words) for words, _ in PROMPTS))
_AGENT_OF = dict(PROMPTS)


def agent_of_user_agent(user_agent: str) -> str | None:
    """The agent that sends this User-Agent; None where it names only a library."""
    match = _PRODUCT.match(user_agent)
    return USER_AGENTS.get(match[1]) if match else None


def agent_of_prompt(opening: str) -> tuple[str, str] | None:
    """The agent whose system prompt opens like this, and the sentence that says so, and on."""
    match = _PROMPT.search(opening)
    if match is None:
        return None
    start = match.start()
    before = opening[max(start - _FARTHEST, 0) : start]
    ends = [end.end() for end in _SENTENCE.finditer(before)]
    if ends or start <= _FARTHEST:
        start -= len(before) - (ends[-1] if ends else 0)
    return _AGENT_OF[match[0]], opening[start:]


def introduces(evidence: str) -> bool:
    """Whether these words of a prompt name the agent, and do not merely give it away."""
    return not any(words in evidence for words in _IN_PASSING)


class ClientTally(Struct):
    """Counts which agents show in a recording; there are few, so it stays small."""

    _seen: dict[tuple[str, Literal["user_agent", "prompt"]], tuple[str, int, int]] = field(
        default_factory=dict
    )

    def add(
        self, agent: str, by: Literal["user_agent", "prompt"], evidence: str, line: int
    ) -> None:
        """One more turn that shows `agent`; the first words that introduce it are kept."""
        first, first_line, calls = self._seen.get((agent, by), (evidence, line, 0))
        if calls and not introduces(first) and introduces(evidence):
            first, first_line = evidence, line
        self._seen[agent, by] = (first, first_line, calls + 1)

    def clients(self) -> tuple[Client, ...]:
        """The agents seen, the best proven first."""
        found = [
            Client(agent, by, evidence, line, calls)
            for (agent, by), (evidence, line, calls) in self._seen.items()
        ]
        return tuple(sorted(found, key=lambda one: (one.by != "user_agent", -one.calls, one.agent)))
