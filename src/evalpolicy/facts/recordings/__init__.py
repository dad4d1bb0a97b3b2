"""What the fixtures of a fleet hold: each one's summary and what leaked into it."""
