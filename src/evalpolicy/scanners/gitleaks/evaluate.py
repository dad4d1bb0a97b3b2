"""What one gitleaks version does with a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.scanners.gitleaks.effects import AllowlistEffect, judge_allowlists
from evalpolicy.scanners.gitleaks.invocation import Invocation
from evalpolicy.scanners.gitleaks.keys import UnknownKey, UnreadKey, judge_keys
from evalpolicy.scanners.gitleaks.load import load
from evalpolicy.scanners.gitleaks.model import Loaded, LoadError, ReadFile
from evalpolicy.scanners.gitleaks.scan import Secret
from evalpolicy.scanners.gitleaks.scan import predict as predict_loaded
from evalpolicy.scanners.gitleaks.versions import Version, default_rules


class RulesInForce(Struct, frozen=True):
    """Which rules run. `silenced` are default rules that the configuration switches off unsaid."""

    default: bool
    own: int
    disabled: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """No rule at all: every scan passes."""
        return not self.default and not self.own


class Evaluation(Struct, frozen=True):
    """One configuration at one version, as it is run by one invocation."""

    version: Version
    config: str
    error: LoadError | None
    rules: RulesInForce
    allowlists: tuple[AllowlistEffect, ...]
    unknown_keys: tuple[UnknownKey, ...]
    unread_keys: tuple[UnreadKey, ...]
    extended: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What could not be judged, such as an extended file outside the repository."""

    @property
    def loads(self) -> bool:
        return self.error is None

    def as_json(self) -> dict[str, Any]:
        """The object of `gitleaks explain --format json`."""
        error = None
        if self.error is not None:
            error = {
                "message": self.error.message,
                "path": self.error.path or self.config,
                "line": self.error.span.line,
                "column": self.error.span.column,
            }
        return {
            "version": str(self.version),
            "config": self.config,
            "loads": self.loads,
            "error": error,
            "rules": {
                "default": self.rules.default,
                "own": self.rules.own,
                "none": self.rules.none,
                "disabled": list(self.rules.disabled),
                "silenced": list(self.rules.silenced),
            },
            "allowlists": [_allowlist_json(allowlist) for allowlist in self.allowlists],
            "unknown_keys": [
                {"key": unknown.key, "line": unknown.span.line, "nearest": unknown.nearest}
                for unknown in self.unknown_keys
            ],
            "unread_keys": [
                {
                    "key": unread.key,
                    "line": unread.span.line,
                    "since": str(unread.since) if unread.since else None,
                }
                for unread in self.unread_keys
            ],
        }


def evaluate(
    config: GitleaksConfig,
    version: Version,
    invocation: Invocation | None = None,
    tracked_paths: Sequence[str] = (),
    *,
    path: str = ".gitleaks.toml",
    read: ReadFile | None = None,
) -> Evaluation:
    """Judges a configuration; never raises, whatever stands in it.

    `tracked_paths` are the repository's files; without them no path counts as stale. `read` gives
    the repository's files for `extend.path`.
    """
    invocation = invocation or Invocation()
    loaded = load(config, version, read, invocation.directory)
    judged = not isinstance(loaded, LoadError) or loaded.certain
    unknown, unread = judge_keys(config, version) if judged else ((), ())
    failed = isinstance(loaded, LoadError)
    return Evaluation(
        version=version,
        config=path,
        error=loaded if isinstance(loaded, LoadError) else None,
        rules=RulesInForce(False, 0) if isinstance(loaded, LoadError) else _rules(loaded, version),
        allowlists=(
            judge_allowlists(config, version, loaded, invocation, tracked_paths) if judged else ()
        ),
        unknown_keys=unknown,
        unread_keys=unread,
        extended=() if failed or isinstance(loaded, LoadError) else loaded.files,
        problems=_problems(loaded),
    )


def predict(
    config: GitleaksConfig,
    version: Version,
    findings: Iterable[Secret],
    invocation: Invocation | None = None,
    read: ReadFile | None = None,
) -> frozenset[tuple[str, str]] | LoadError:
    """Which (path, rule id) pairs are still reported of secrets that a tree is known to hold."""
    invocation = invocation or Invocation()
    loaded = load(config, version, read, invocation.directory)
    if isinstance(loaded, LoadError):
        return loaded
    return predict_loaded(loaded, version, findings, invocation.mode, invocation.target)


def _problems(loaded: Loaded | LoadError) -> tuple[Problem, ...]:
    if isinstance(loaded, Loaded):
        return loaded.problems
    return () if loaded.certain else (Problem(loaded.message, loaded.span),)


def _rules(loaded: Loaded, version: Version) -> RulesInForce:
    own = [rule for rule in loaded.rules if not rule.default]
    known = default_rules(version) if loaded.extends_default else frozenset()
    silenced = {rule.id for rule in own if rule.id in known and rule.silent}
    silenced |= {rule.id for rule in loaded.rules if rule.default and rule.muted}
    return RulesInForce(
        default=loaded.extends_default,
        own=sum(1 for rule in own if not rule.silent),
        disabled=loaded.disabled,
        silenced=tuple(sorted(silenced)),
    )


def _allowlist_json(allowlist: AllowlistEffect) -> dict[str, Any]:
    return {
        "line": allowlist.span.line,
        "form": allowlist.form,
        "scope": allowlist.scope,
        "effect": allowlist.effect,
        "why": allowlist.why,
        "files": len(allowlist.files),
        "criteria": [
            {"key": c.key, "line": c.span.line, "effect": c.effect, "why": c.why}
            for c in allowlist.criteria
        ],
    }
