"""The pre-commit hooks, and what each one runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NoReturn

from msgspec import Struct

from evalpolicy.rules import FAMILIES

Kind = Literal["index", "message", "replay"]


class CatalogueHook(Struct, frozen=True):
    """One hook. `families` are the families that it checks; unknown ones are ignored.

    Without families it checks all of them, and its entry is the command itself.
    """

    id: str
    title: str
    families: tuple[str, ...] = ()
    kind: Kind = "index"

    @property
    def known(self) -> tuple[str, ...]:
        """The hook's families that exist in this version."""
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
        """The command line to run; `given` is what pre-commit passes: `args`, then files."""
        if self.kind == "replay":
            return ["replay", "run", *given]
        judged = ["check", "--staged"]
        if self.families:
            judged += ["--select", ",".join(self.known)]
        if self.kind == "message":
            return [*judged, *given[:-1], "--message", *given[-1:]]
        return [*judged, *given]


ALL = (
    CatalogueHook("evalpolicy", "Check what the commit would contain, with all rules."),
    CatalogueHook(
        "evalpolicy-labels",
        "Check labels of benchmarks, agents and models, and releases.",
        ("LBL", "REL"),
    ),
    CatalogueHook(
        "evalpolicy-fixtures",
        "Check fixtures, their provenance, and credentials in them.",
        ("FIX", "PRV", "SEC"),
    ),
    CatalogueHook("evalpolicy-sizes", "Check for large files.", ("SIZ",)),
    CatalogueHook(
        "evalpolicy-gitleaks",
        "Check what gitleaks does with its configuration at the pinned version.",
        ("GLK",),
    ),
    CatalogueHook(
        "evalpolicy-submission",
        "Check the commit message: issue reference and sign-off.",
        ("SUB",),
        "message",
    ),
    CatalogueHook(
        "evalpolicy-replay",
        "Replay fixtures in containers, on request (manual stage).",
        kind="replay",
    ),
)
"""Every hook, including those that this version cannot run."""


def hooks() -> tuple[CatalogueHook, ...]:
    """The hooks that this version can run."""
    return tuple(hook for hook in ALL if hook.exists)


def run(id: str, given: Sequence[str]) -> NoReturn:
    """Runs a hook and ends the process."""
    from evalpolicy.frontends.cli.boundary import run as run_command

    [hook] = (hook for hook in ALL if hook.id == id)
    run_command(hook.arguments(given))
