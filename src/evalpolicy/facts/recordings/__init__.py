"""The content of a fleet's fixtures: each one's summary and what leaked into it."""
