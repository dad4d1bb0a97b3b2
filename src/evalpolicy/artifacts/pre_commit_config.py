""".pre-commit-config.yaml: repositories, revisions and hooks, each with its position.

A pattern (`files`, `exclude`) is one of Python's `re`, searched and not anchored (pre-commit's
documentation); whether it compiles is for the reader to see, here it is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Located, Problem, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlScalar,
    parse_yaml,
    yaml_lines,
)

__all__ = ["Hook", "HookRepository", "Located", "PreCommitConfig", "parse"]


class Hook(Struct, frozen=True):
    """One hook of one repository; what is not written is None or empty."""

    id: Located
    span: Span
    args: tuple[Located, ...] | None = None
    files: Located | None = None
    exclude: Located | None = None
    entry: Located | None = None
    language: Located | None = None
    name: Located | None = None
    stages: tuple[Located, ...] = ()
    additional_dependencies: tuple[Located, ...] = ()
    always_run: bool | None = None
    pass_filenames: bool | None = None
    types: tuple[Located, ...] = ()
    types_or: tuple[Located, ...] = ()


class HookRepository(Struct, frozen=True):
    """One entry of `repos`; `rev` is None for `local` and `meta`, or where it is missing.

    `frozen` is the tag that a comment behind the hash notes, as `pre-commit autoupdate --freeze`
    (`# frozen: v8.21.2`) and Renovate (`# v8.21.2`) write it.
    """

    url: Located
    rev: Located | None
    hooks: tuple[Hook, ...]
    span: Span
    frozen: str | None = None


class PreCommitConfig(Struct, frozen=True):
    """The file; `files` and `exclude` here hold for every hook.

    `ci` is where pre-commit.ci is configured, which runs all hooks but `ci_skips`.
    """

    repositories: tuple[HookRepository, ...] = ()
    files: Located | None = None
    exclude: Located | None = None
    default_stages: tuple[Located, ...] = ()
    ci: Span | None = None
    ci_skips: tuple[Located, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse(content: bytes) -> PreCommitConfig:
    """Reads the file; bad content becomes problems, never an exception."""
    document = parse_yaml(content)
    if document.problem is not None:
        return PreCommitConfig(problems=(document.problem,))
    root = document.root
    if not isinstance(root, YamlMap):
        span = START if root is None else root.span
        return PreCommitConfig(problems=(Problem("a mapping with `repos` is expected", span),))
    problems: list[Problem] = []
    if not isinstance(root.get("repos"), YamlList):
        problems.append(Problem("`repos` is missing or not a list", root.span))
    lines = yaml_lines(content)
    found = [_repository(item, problems, lines) for item in root.maps("repos")]
    return PreCommitConfig(
        repositories=tuple(repository for repository in found if repository is not None),
        files=root.located("files"),
        exclude=root.located("exclude"),
        default_stages=_texts(root, "default_stages"),
        ci=ci.span if isinstance(ci := root.get("ci"), YamlMap) else None,
        ci_skips=_texts(ci, "skip") if isinstance(ci, YamlMap) else (),
        problems=tuple(problems),
    )


_FROZEN = re.compile(r"\s#\s*(?:[\w-]+\s*[:=@]\s*)?(v?\d[\w.+-]*)")


def _repository(
    item: YamlMap, problems: list[Problem], lines: Sequence[str]
) -> HookRepository | None:
    url = item.located("repo")
    if url is None:
        problems.append(Problem("an entry of `repos` without `repo`", item.span))
        return None
    rev = item.located("rev")
    if rev is None and url.text not in ("local", "meta"):
        problems.append(Problem(f"`rev` is missing for {url.text}", url.span))
    found = [_hook(hook, problems) for hook in item.maps("hooks")]
    hooks = tuple(hook for hook in found if hook is not None)
    comment = None if rev is None else _FROZEN.search(lines[rev.span.line - 1], rev.span.column)
    return HookRepository(url, rev, hooks, item.span, comment.group(1) if comment else None)


def _hook(item: YamlMap, problems: list[Problem]) -> Hook | None:
    identity = item.located("id")
    if identity is None:
        problems.append(Problem("a hook without `id`", item.span))
        return None
    return Hook(
        id=identity,
        span=item.span,
        args=_texts(item, "args") if item.get("args") is not None else None,
        files=item.located("files"),
        exclude=item.located("exclude"),
        entry=item.located("entry"),
        language=item.located("language"),
        name=item.located("name"),
        stages=_texts(item, "stages"),
        additional_dependencies=_texts(item, "additional_dependencies"),
        always_run=_flag(item, "always_run"),
        pass_filenames=_flag(item, "pass_filenames"),
        types=_texts(item, "types"),
        types_or=_texts(item, "types_or"),
    )


def _flag(item: YamlMap, key: str) -> bool | None:
    value = item.text(key)
    return None if value is None else value.as_bool()


def _texts(item: YamlMap, key: str) -> tuple[Located, ...]:
    value = item.get(key)
    if isinstance(value, YamlList):
        scalars = [child for child in value.items if isinstance(child, YamlScalar)]
        return tuple(child.located for child in scalars)
    return ()
