"""The version table: which gitleaks version reads which key and how it behaves (versions.json).

The table is data with its evidence: read from the tagged sources, and held against real binaries
by tests/engines/gitleaks. The oldest version described is 8.0.0, the newest 8.30.1.
"""

from __future__ import annotations

import functools
import json
import re
from importlib import resources
from typing import Any

from msgspec import Struct

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


class Version(Struct, frozen=True, order=True):
    """A gitleaks release, ordered as numbers."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """`8.24.3` or `v8.24.3`; None for anything else, pre-releases included."""
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            return None
        major, minor, patch = (int(part or 0) for part in match.groups())
        return cls(major, minor, patch)

    @classmethod
    def of(cls, text: str) -> Version:
        """As `parse`, for text that is known to be a version; raises ValueError otherwise."""
        found = cls.parse(text)
        if found is None:
            raise ValueError(f"{text!r} is not a version")
        return found


COMMON = tuple(map(Version.of, ("8.16.4", "8.18.4", "8.21.2", "8.24.3", "8.28.0")))
"""Versions in use besides the newest, on each side of the changes that matter most."""


class Range(Struct, frozen=True):
    """From one version to another, both included; no `last` means the newest and beyond."""

    first: Version
    last: Version | None
    effect: str

    def holds(self, version: Version) -> bool:
        return self.first <= version and (self.last is None or version <= self.last)


class Feature(Struct, frozen=True):
    """One row: a key of the file, a check or a behaviour, with what it is at each version."""

    key: str
    kind: str
    type: str | None
    ranges: tuple[Range, ...]
    deprecated: Version | None
    notes: str
    evidence: str

    def effect(self, version: Version) -> str:
        """What the feature is at a version; beyond the table, what it was at the last known."""
        for candidate in self.ranges:
            if candidate.holds(version):
                return candidate.effect
        return self.ranges[0].effect if version < self.ranges[0].first else self.ranges[-1].effect

    def introduced(self) -> Version | None:
        """The first version that does not ignore it; None if none does."""
        return next((r.first for r in self.ranges if r.effect != "ignored"), None)


class VersionTable(Struct, frozen=True):
    """All rows, by key."""

    oldest: Version
    newest: Version
    released: tuple[Version, ...]
    features: dict[str, Feature]

    def effect(self, key: str, version: Version) -> str:
        return self.features[key].effect(version)

    def reads(self, key: str, version: Version) -> bool:
        """Whether a key of the file is known to a version at all."""
        feature = self.features.get(key)
        return feature is not None and feature.effect(version) != "ignored"

    def fields(self, prefix: str) -> tuple[str, ...]:
        """The names of the keys directly under a prefix, as gitleaks writes them."""
        return tuple(
            key[len(prefix) :]
            for key, feature in self.features.items()
            if feature.type is not None and key.startswith(prefix) and "." not in key[len(prefix) :]
        )


@functools.cache
def table() -> VersionTable:
    """The table of the package."""
    raw = json.loads(_data("versions.json"))
    return VersionTable(
        oldest=Version.of(raw["from"]),
        newest=Version.of(raw["to"]),
        released=tuple(Version.of(text) for text in raw["released"]),
        features={row["key"]: _feature(row) for row in raw["features"]},
    )


@functools.cache
def default_rules(version: Version) -> frozenset[str]:
    """The ids of the rules in gitleaks' own configuration at a version."""
    known = table()
    at = min(max(version, known.oldest), known.newest)
    return frozenset(
        rule
        for rule, ranges in _rule_ranges().items()
        if any(candidate.holds(at) for candidate in ranges)
    )


@functools.cache
def _rule_ranges() -> dict[str, tuple[Range, ...]]:
    raw: dict[str, list[list[str | None]]] = json.loads(_data("default_rules.json"))
    return {
        rule: tuple(
            Range(Version.of(str(first)), None if last is None else Version.of(last), "present")
            for first, last in ranges
        )
        for rule, ranges in raw.items()
    }


def _feature(row: dict[str, Any]) -> Feature:
    return Feature(
        key=row["key"],
        kind=row["kind"],
        type=row.get("type"),
        ranges=tuple(
            Range(
                Version.of(part["from"]),
                None if part["to"] is None else Version.of(part["to"]),
                part["effect"],
            )
            for part in row["ranges"]
        ),
        deprecated=Version.of(row["deprecated"]) if "deprecated" in row else None,
        notes=row.get("notes", ""),
        evidence=row["evidence"],
    )


def _data(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
