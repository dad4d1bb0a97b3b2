"""Both formats come out as one model."""

from __future__ import annotations

from tests.samples.trajectories import failed_row, lines, litellm_row, otlp_row

from evalpolicy.artifacts.trajectory import parse


def test_a_litellm_row_is_a_turn() -> None:
    trajectory = parse(lines(litellm_row(), failed_row()))
    assert trajectory.summary.format == "litellm"
    assert [turn.text for turn in trajectory.turns] == ["4"]
    assert [call.error_type for call in trajectory.failed_calls] == ["BadRequestError"]


def test_an_otlp_span_is_a_turn() -> None:
    trajectory = parse(lines(otlp_row()))
    assert trajectory.summary.format == "otlp"
    assert [turn.text for turn in trajectory.turns] == ["4"]
