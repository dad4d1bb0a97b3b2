"""The pre-commit hooks: which there are, and what a run of one does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NoReturn

from msgspec import Struct

from evalpolicy.rules import FAMILIES

Kind = Literal["index", "message", "replay"]


class Hook(Struct, frozen=True):
    """One hook. `families` are all that it is for; those that are not there yet do not count.

    Without families it judges by all of them, and its entry is the command itself.
    """

    id: str
    title: str
    families: tuple[str, ...] = ()
    kind: Kind = "index"

    @property
    def known(self) -> tuple[str, ...]:
        """Its families that this version has."""
        return tuple(letters for letters in self.families if letters in FAMILIES)

    @property
    def exists(self) -> bool:
        """Whether this version can run it."""
        if self.kind == "replay":
            from evalpolicy.frontends.cli import replay

            return "run" in replay.command.commands
        return bool(self.known) or not self.families

    @property
    def has_script(self) -> bool:
        return bool(self.families) or self.kind != "index"

    def arguments(self, given: Sequence[str]) -> list[str]:
        """The command line of a run; `given` is what pre-commit passes: `args`, then files."""
        if self.kind == "replay":
            return ["replay", "run", *given]
        judged = ["check", "--staged"]
        if self.families:
            judged += ["--select", ",".join(self.known)]
        if self.kind == "message":
            return [*judged, *given[:-1], "--message", *given[-1:]]
        return [*judged, *given]


ALL = (
    Hook("evalpolicy", "What the commit would hold, by all rules."),
    Hook(
        "evalpolicy-labels",
        "The labels of benchmarks, agents and models, and what is released.",
        ("LBL", "REL"),
    ),
    Hook(
        "evalpolicy-fixtures",
        "Recorded runs, their provenance, and credentials in them.",
        ("FIX", "PRV", "SEC"),
    ),
    Hook("evalpolicy-sizes", "Large files, and the allowances for them.", ("SIZ",)),
    Hook("evalpolicy-gitleaks", "What gitleaks makes of its configuration at its pin.", ("GLK",)),
    Hook(
        "evalpolicy-submission",
        "The commit message: the issue that it names, the sign-off.",
        ("SUB",),
        "message",
    ),
    Hook(
        "evalpolicy-replay",
        "Replay in containers, on request (manual stage).",
        kind="replay",
    ),
)
"""Every hook, those that this version cannot run yet among them."""


def hooks() -> tuple[Hook, ...]:
    """The hooks that this version can run."""
    return tuple(hook for hook in ALL if hook.exists)


def run(id: str, given: Sequence[str]) -> NoReturn:
    """What a hook's script does; ends the process."""
    from evalpolicy.frontends.cli.boundary import run as run_command

    [hook] = (hook for hook in ALL if hook.id == id)
    run_command(hook.arguments(given))
