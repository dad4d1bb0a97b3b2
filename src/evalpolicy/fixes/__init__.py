"""Edits that rules propose, and the one way in which they reach the user's files."""
