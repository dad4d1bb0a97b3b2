"""What a recording's own content says of when it was made."""

from __future__ import annotations

import pytest
from tests.samples.trajectories import lines, otlp_row, span_of

from evalpolicy.facts.recordings.shown import read_recorded

# 2001-09-09, in nanoseconds since 1970.
EARLIEST = 10**18


@pytest.mark.parametrize(
    ("start", "started"),
    [
        (EARLIEST - 1, None),
        (EARLIEST, EARLIEST),
        (EARLIEST + 1, EARLIEST + 1),
        (1, None),
        (0, None),
        # Milliseconds and seconds of our days, which somebody wrote for nanoseconds.
        (1_760_000_000_000, None),
        (1_760_000_000, None),
    ],
)
def test_a_start_before_the_earliest_plausible_time_is_no_time(start, started):
    row = otlp_row()
    span_of(row).update(startTimeUnixNano=str(start), endTimeUnixNano=str(start + 1))
    assert read_recorded(lines(row)).started == started
