"""Loads a configuration as gitleaks' Translate does at a version, with everything it extends.

The checks and their order follow config/config.go and config/rule.go of each version; which check
a version makes stands in versions.json.
"""

from __future__ import annotations

import posixpath

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, parse
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.artifacts.syntax.toml_spans import KeyValue, Value
from evalpolicy.scanners.gitleaks.allowlists import (
    ConfigRefusal,
    compiled,
    global_allowlist,
    rule_allowlist,
)
from evalpolicy.scanners.gitleaks.decode import RawConfig, RawRule, WrongTypeError, decode
from evalpolicy.scanners.gitleaks.limits import beyond_limits
from evalpolicy.scanners.gitleaks.model import Allowlist, GitleaksRule, Loaded, LoadError, ReadFile
from evalpolicy.scanners.gitleaks.parsers import parser_refuses
from evalpolicy.scanners.gitleaks.versions import Version, default_rules, table


class _File(Struct, frozen=True):
    config: GitleaksConfig
    path: str | None


def load(
    config: GitleaksConfig, version: Version, read: ReadFile | None = None, directory: str = ""
) -> Loaded | LoadError:
    """What `version` makes of a configuration, or why it does not start.

    `read` gives the repository's files, `directory` is the working directory within it: that is
    where `extend.path` is looked up, not beside the configuration.
    """
    loader = _Loader(version, read or (lambda path: None), directory)
    try:
        return loader.translate(_File(config, None), 0)
    except _StopError as stop:
        return stop.error


class _StopError(Exception):
    def __init__(self, error: LoadError) -> None:
        super().__init__(error.message)
        self.error = error


class _Loader:
    """One start of gitleaks: how often it has extended is global to the run."""

    def __init__(self, version: Version, read: ReadFile, directory: str) -> None:
        self.version, self.read, self.directory = version, read, directory
        self.depth = 0
        self.file = _File(parse(b""), None)

    def stop(self, message: str, node: Value | KeyValue | None) -> _StopError:
        return _StopError(LoadError(message, self.file.config.span(node), self.file.path))

    def effect(self, key: str) -> str:
        return table().effect(key, self.version)

    def translate(self, file: _File, level: int) -> Loaded:
        self.file = file
        if (problem := parser_refuses(file.config, self.version)) is not None:
            certain = not file.config.document.limited
            raise _StopError(LoadError(problem.message, problem.span, file.path, certain))
        try:
            raw = decode(file.config.root, self.version)
            if (reason := beyond_limits(raw)) is not None:
                root = file.config.span(None)
                raise _StopError(LoadError(reason, root, file.path, certain=False))
            loaded = self.own(raw)
        except WrongTypeError as error:
            raise self.stop(error.message, error.node) from error
        except ConfigRefusal as error:
            span = self.file.config.span(error.node)
            found = LoadError(error.message, span, self.file.path, error.certain)
            raise _StopError(found) from error
        targeted, kept = self.targeted(raw, loaded)
        loaded = replace(loaded, allowlists=kept)
        extended = self.depth < int(self.effect("extend-depth"))
        if extended:
            loaded = self.extend(raw, loaded, file, level)
            self.file = file
        if level == 0:
            loaded = self.finish(loaded, targeted)
        elif targeted:
            dropped = tuple(allowlist for allowlist, _ in targeted)
            loaded = replace(loaded, dropped=loaded.dropped + dropped)
        return loaded

    def own(self, raw: RawConfig) -> Loaded:
        rules: dict[str, GitleaksRule] = {}
        for number, written in enumerate(raw.rules):
            rule = self.rule(written, raw.optimizations)
            # A map by id since 8.9.0; before, a list in which both stay.
            key = rule.id if table().reads("extend", self.version) else f"{number}"
            rules.pop(key, None)
            rules[key] = rule
        for rule in rules.values():
            for needed in rule.required:
                if needed not in rules:
                    message = f"{rule.id}: the required rule {needed!r} is not in this file"
                    raise self.stop(message, rule.node)
        if raw.allowlist is not None and raw.allowlists:
            message = "[allowlist] cannot stand beside [[allowlists]]"
            raise self.stop(message, raw.allowlist.node)
        path, joined = self.file.path, raw.optimizations
        written_lists = (*raw.allowlists, *((raw.allowlist,) if raw.allowlist else ()))
        return Loaded(
            rules=tuple(rules.values()),
            allowlists=tuple(
                global_allowlist(a, self.version, path, joined) for a in written_lists
            ),
        )

    def rule(self, raw: RawRule, joined: bool) -> GitleaksRule:
        identity = raw.id.value if raw.id else ""
        if raw.allowlist is not None and raw.allowlists:
            message = f"{identity}: [rules.allowlist] cannot stand beside [[rules.allowlists]]"
            raise self.stop(message, raw.allowlist.node)
        written = (*raw.allowlists, *((raw.allowlist,) if raw.allowlist else ()))
        for needed in raw.required:
            if not needed.value:
                raise self.stop(f"{identity}: a required rule without an id", needed.node)
        rule = GitleaksRule(
            id=identity,
            node=raw.node,
            regex=compiled(raw.regex),
            path=compiled(raw.path),
            entropy=raw.entropy,
            secret_group=raw.secret_group,
            keywords=tuple(keyword.value for keyword in raw.keywords),
            skip_report=raw.skip_report,
            required=tuple(needed.value for needed in raw.required),
            allowlists=tuple(
                rule_allowlist(a, self.version, self.file.path, joined) for a in written
            ),
        )
        if rule.secret_group < 0 and self.effect("negative-group") == "error":
            raise self.stop(f"{identity}: secretGroup is negative: a match panics", rule.node)
        self.check_rule(rule, "error-each-file")
        return rule

    def check_rule(self, rule: GitleaksRule, *effects: str) -> None:
        name = rule.id or "a rule"
        if self.effect("rule-id") in effects and not rule.id.strip():
            raise self.stop("a rule without an id", rule.node)
        if self.effect("rule-empty") in effects and rule.silent:
            raise self.stop(f"{name} has neither regex nor path", rule.node)
        if self.effect("secret-group-range") in effects and rule.regex is not None:
            groups = rule.regex.groups
            if rule.secret_group > groups:
                message = f"{name}: secretGroup {rule.secret_group}, the regex has {groups} groups"
                raise self.stop(message, rule.node)

    def targeted(
        self, raw: RawConfig, loaded: Loaded
    ) -> tuple[list[tuple[Allowlist, tuple[str, ...]]], tuple[Allowlist, ...]]:
        """Separates the allowlists with targetRules from those for all rules."""
        targets = {
            id(a.node): tuple(t.value for t in a.target_rules)
            for a in (*raw.allowlists, *((raw.allowlist,) if raw.allowlist else ()))
            if a.target_rules
        }
        found = [(a, targets[id(a.node)]) for a in loaded.allowlists if id(a.node) in targets]
        return found, tuple(a for a in loaded.allowlists if id(a.node) not in targets)

    def extend(self, raw: RawConfig, loaded: Loaded, file: _File, level: int) -> Loaded:
        path = raw.extend_path
        conflict = raw.use_default and path is not None and bool(path.value)
        if conflict and path is not None and self.effect("extend-conflict") == "error":
            raise self.stop("extend.path and extend.useDefault are both set", path.node)
        if raw.use_default:
            self.depth += 1
            rules = tuple(
                GitleaksRule(id=i, default=True) for i in sorted(default_rules(self.version))
            )
            base = Loaded(rules=rules, allowlists=(), extends_default=True)
        elif path is not None and path.value:
            self.depth += 1
            found = self.open(path.value, path.node)
            if isinstance(found, Problem):
                return replace(loaded, problems=(*loaded.problems, found))
            base = self.translate(found, level + 1)
        else:
            return loaded
        return self.merge(loaded, base, tuple(text.value for text in raw.disabled_rules))

    def open(self, written: str, node: Value) -> _File | Problem:
        """An extended file, a `Problem` where it lies outside the repository; stops if missing."""
        path = posixpath.normpath(posixpath.join(self.directory, written))
        if path.startswith(("/", "..")):
            message = f"extend.path {written!r} is outside the repository: it was not checked"
            return Problem(message, self.file.config.span(node))
        content = self.read(path)
        if content is None:
            raise self.stop(f"extend.path: there is no {path}", node)
        return _File(parse(content), path)

    def merge(self, own: Loaded, base: Loaded, disabled: tuple[str, ...]) -> Loaded:
        mode = self.effect("override")
        rules = {rule.id: rule for rule in own.rules}
        known = {keyword.lower() for rule in own.rules for keyword in rule.keywords}
        replaced: list[str] = []
        for theirs in base.rules:
            if theirs.id in disabled:
                continue
            mine = rules.get(theirs.id)
            if mine is None:
                rules[theirs.id] = self.heard(theirs, known)
            elif mode == "replaces":
                replaced.append(theirs.id)
            else:
                merged = _merged(mine, self.heard(theirs, known), mode)
                if self.effect("override-keywords") == "lost":
                    lost = theirs.default or bool(theirs.keywords)
                    merged = replace(merged, muted=lost and known.isdisjoint(theirs.keywords))
                rules[theirs.id] = merged
        theirs_global = base.allowlists
        if self.effect("extended-stopwords") == "dropped":
            target = own.allowlists[0].regex_target if own.allowlists else "secret"
            theirs_global = tuple(
                replace(a, stopwords=(), regex_target=target) for a in theirs_global
            )
        return Loaded(
            rules=tuple(rules.values()),
            allowlists=own.allowlists + theirs_global,
            extends_default=base.extends_default,
            disabled=(*base.disabled, *(i for i in disabled if base.rule(i) is not None)),
            replaced=(*base.replaced, *replaced),
            dropped=base.dropped,
            files=((self.file.path,) if self.file.path else ()) + base.files,
            problems=own.problems + base.problems,
        )

    def heard(self, rule: GitleaksRule, known: set[str]) -> GitleaksRule:
        """A rule of the extended configuration with the keywords that reach the pre-filter."""
        # Adding a rule adds its keywords, also those that a merge further in had lost.
        if self.effect("extended-keyword-case") != "lost" or not rule.keywords:
            return replace(rule, muted=False)
        kept = [k for k in rule.keywords if k == k.lower() or k.lower() in known]
        return replace(rule, keywords=tuple(kept), muted=not kept and not rule.default)

    def finish(self, loaded: Loaded, targeted: list[tuple[Allowlist, tuple[str, ...]]]) -> Loaded:
        """What only the outermost file gets: checks of the merged rules, targeted allowlists."""
        untouched = self.depth == 0
        for rule in loaded.rules:
            self.check_rule(rule, "error-merged", *(["error-without-extend"] if untouched else []))
        if self.effect("global.targetRules") == "only-without-extend" and not untouched:
            return replace(loaded, dropped=loaded.dropped + tuple(a for a, _ in targeted))
        if not targeted:
            return loaded
        rules = {rule.id: rule for rule in loaded.rules}
        for allowlist, targets in targeted:
            for target in targets:
                if target not in rules:
                    raise self.stop(f"targetRules: there is no rule {target!r}", allowlist.node)
                rule = rules[target]
                rules[target] = replace(rule, allowlists=(*rule.allowlists, allowlist))
        return loaded.with_rules(tuple(rules.values()))


def _merged(mine: GitleaksRule, base: GitleaksRule, mode: str) -> GitleaksRule:
    """A rule of the extended configuration with what the outer one says of the same id."""
    if mode == "merges-fields":
        return replace(
            base,
            node=mine.node,
            entropy=mine.entropy or base.entropy,
            secret_group=mine.secret_group or base.secret_group,
            regex=mine.regex or base.regex,
            path=mine.path or base.path,
            keywords=base.keywords + mine.keywords,
            muted=base.muted and not mine.keywords,
            allowlists=base.allowlists + mine.allowlists,
        )
    theirs = base.allowlists
    target = theirs[0].regex_target if theirs else "secret"
    if mode == "merges-criteria-and-target":
        target = mine.allowlists[0].regex_target if mine.allowlists else "secret"
        theirs = tuple(replace(a, regex_target=target) for a in theirs)
    return replace(
        base,
        node=mine.node,
        allowlists=theirs + tuple(replace(a, regex_target=target) for a in mine.allowlists),
    )
