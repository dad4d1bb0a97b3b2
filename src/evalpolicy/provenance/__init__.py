"""The provenance of fixtures: the file, and the evidence from recordings, labels and git."""
