"""Images of a plan on this machine: which are there, which are stale, and building those."""
