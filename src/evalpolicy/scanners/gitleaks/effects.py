"""What each written allowlist, and each of its criteria, does at a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import Form, GitleaksConfig, WrittenAllowlist, entry_of
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.toml_spans import KeyValue
from evalpolicy.scanners.gitleaks.criteria import CriterionEffect, JudgedCriteria, judge_criteria
from evalpolicy.scanners.gitleaks.invocation import Invocation
from evalpolicy.scanners.gitleaks.model import Allowlist, GitleaksRule, Loaded, LoadError
from evalpolicy.scanners.gitleaks.versions import Version, table

Effect: TypeAlias = Literal["works", "ignored", "broader", "narrower", "everything", "never"]


class AllowlistEffect(Struct, frozen=True):
    """One allowlist at one version; `files` are the tracked paths it exempts by path alone.

    `is_unread`: this version does not read its form, or drops its targetRules. `outruns_condition`:
    the scan skips what one criterion names before it looks at the others.
    """

    span: Span
    form: Form
    scope: str
    effect: Effect
    why: str
    criteria: tuple[CriterionEffect, ...] = ()
    files: tuple[str, ...] = ()
    by_paths_alone: bool = False
    is_unread: bool = False
    outruns_condition: bool = False


def judge_allowlists(
    config: GitleaksConfig,
    version: Version,
    loaded: Loaded | LoadError,
    invocation: Invocation,
    tracked: Sequence[str],
) -> tuple[AllowlistEffect, ...]:
    """Every allowlist of the file, in order of position."""
    return tuple(
        _judge(config, written, version, loaded, invocation, tracked)
        for written in config.allowlists()
    )


def _judge(
    config: GitleaksConfig,
    written: WrittenAllowlist,
    version: Version,
    loaded: Loaded | LoadError,
    invocation: Invocation,
    tracked: Sequence[str],
) -> AllowlistEffect:
    span = config.span(written.table)
    scope = "global" if written.rule is None else (written.rule_id or f"rule {written.rule + 1}")

    def plain(effect: Effect, why: str, *, is_unread: bool = False) -> AllowlistEffect:
        return AllowlistEffect(span, written.form, scope, effect, why, is_unread=is_unread)

    form = _feature(written.form)
    if not table().reads(form, version):
        since = table().features[form].introduced()
        why = f"gitleaks {version} ignores {written.form} (read since {since})"
        return plain("ignored", why, is_unread=True)
    if isinstance(loaded, LoadError):
        return plain("never", f"the configuration does not load at {version}")
    if any(_same(a, written) for a in loaded.dropped):
        why = f"targetRules: gitleaks {version} drops it if [extend] is used; fixed in 8.29.0"
        return plain("ignored", why, is_unread=True)
    effective = _in_force(loaded, written)
    if effective is None:
        return plain("ignored", _lost(config, written, loaded, version))
    if rules := [rule for rule in loaded.rules if effective in rule.allowlists]:
        if all(rule.silent for rule in rules):
            return plain("never", f"{_named(rules)} neither regex nor path, so it never fires")
        if all(rule.silent or rule.muted for rule in rules):
            why = f"{_named(rules)} lost its keywords at {version}, so it never runs"
            return plain("never", why)
    judged = judge_criteria(
        config, written, effective, version, invocation, tracked,
        hidden=_hidden(loaded, effective, version),
    )  # fmt: skip
    effect, why = _overall(judged, effective)
    return AllowlistEffect(
        span, written.form, scope, effect, why, judged.criteria, judged.files, judged.paths_alone,
        outruns_condition=effect == "broader" and judged.outruns_condition,
    )  # fmt: skip


def _overall(judged: JudgedCriteria, effective: Allowlist) -> tuple[Effect, str]:
    found = {criterion.effect for criterion in judged.criteria}
    whys = {c.effect: c.why for c in reversed(judged.criteria) if c.why}
    if not judged.criteria or found == {"ignored"}:
        return "ignored", whys.get("ignored", "it has no criterion that this version reads")
    if "never" in found and (effective.conjunct or found <= {"never", "ignored"}):
        return "never", whys.get("never", "")
    if found == {"everything"} or ("everything" in found and not effective.conjunct):
        return "everything", whys.get("everything", "")
    if judged.broader:
        return "broader", judged.broader
    if "broader" in found:
        return "broader", whys["broader"]
    if found & {"narrower", "ignored"}:
        return "narrower", whys.get("narrower") or whys.get("ignored", "")
    return "works", ""


def repeated(config: GitleaksConfig) -> list[tuple[int, KeyValue]]:
    """The position and id of each rule whose id a later one has, too: gitleaks forgets it."""
    ids = [(number, entry_of(rule, "id")) for number, rule in enumerate(config.rules())]
    last = {_text(entry): number for number, entry in ids}
    return [(n, entry) for n, entry in ids if entry is not None and last[_text(entry)] != n]


def _text(entry: KeyValue | None) -> object:
    return getattr(entry.value, "value", None) if entry is not None else None


def _feature(form: Form) -> str:
    return form.strip("[]")


def _same(allowlist: Allowlist, written: WrittenAllowlist) -> bool:
    # viper rebuilds tables outside lists, so the position tells them, not the object.
    return allowlist.path is None and allowlist.node.start == written.table.start


def _in_force(loaded: Loaded, written: WrittenAllowlist) -> Allowlist | None:
    candidates = [*loaded.allowlists, *(a for rule in loaded.rules for a in rule.allowlists)]
    return next((a for a in candidates if _same(a, written)), None)


def _named(rules: Sequence[GitleaksRule]) -> str:
    if len(rules) > 1:
        return f"each of the rules {', '.join(rule.id for rule in rules)} has"
    return f"the rule {rules[0].id} has" if rules[0].id else "a rule without an id has"


def _lost(
    config: GitleaksConfig, written: WrittenAllowlist, loaded: Loaded, version: Version
) -> str:
    if written.rule is not None and any(rule == written.rule for rule, _ in repeated(config)):
        return f"a later [[rules]] has the same id, {written.rule_id}"
    if written.rule_id is not None and loaded.rule(written.rule_id) is None:
        return f"there is no active rule {written.rule_id} at {version}"
    if not written.table.entries:
        return "an empty table is dropped before gitleaks sees it"
    return f"it has no effect at {version}"


def _hidden(loaded: Loaded, effective: Allowlist, version: Version) -> bool:
    if table().effect("and-hides-later", version) != "yes":
        return False
    for group in (loaded.allowlists, *(rule.allowlists for rule in loaded.rules)):
        if effective in group:
            before = group[: group.index(effective)]
            return any(a.conjunct and (a.regexes.sources or a.stopwords) for a in before)
    return False
