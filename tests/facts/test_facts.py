"""What facts are made from: other facts, by the names of their parameters, and in no circle."""

from __future__ import annotations

from graphlib import TopologicalSorter

from evalpolicy.facts.facts import GIVEN, Fact, Facts, names


def test_each_fact_needs_facts_that_there_are_and_none_itself() -> None:
    facts = {name: fact for name, fact in vars(Facts).items() if isinstance(fact, Fact)}
    needs = {name: fact.needs for name, fact in facts.items()}
    assert needs["gitleaks"] == ("gates",)
    assert names() == {*facts, *GIVEN}
    assert {need for of in needs.values() for need in of} <= names()
    assert set(TopologicalSorter(needs).static_order()) <= names()
