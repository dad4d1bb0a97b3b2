"""What one scan saw is not scanned again, and only that."""

from __future__ import annotations

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.engine.quoting import without_credentials
from evalpolicy.policy.rule import Finding
from evalpolicy.reporters import safe
from evalpolicy.scanners.unsuspicious import was_scanned

KEY = "sk-ant-" + "api03-" + "Zx9Qw3Er7Ty1Ui5Op2As" * 4


def finding(message: str) -> Finding:
    return Finding("PIN001", "x", "error", "containers/a/Dockerfile", Span.at(1), message)


def test_the_texts_of_findings_are_scanned_once(monkeypatch) -> None:
    found = [finding(f"{number} of a thousand-of-them-and-more") for number in range(9)]
    assert without_credentials(found) == found
    monkeypatch.setattr(safe, "_hits", None)
    assert [safe.shown(one.message) for one in found] == [one.message for one in found]
    assert safe.shown(found[0].path) == found[0].path


def test_beside_a_credential_nothing_counts_as_scanned() -> None:
    found = [finding("the-first-text-of-some-length"), finding(f"key {KEY}")]
    first, second = without_credentials(found)
    assert KEY not in second.message
    assert not was_scanned(first.message)
    assert not was_scanned(found[1].message)
    assert KEY not in safe.shown(found[1].message)
