"""One module per kind of file: ``parse(bytes) -> artifact``, with a source span on every value.

Bad content becomes a `Problem` with a span, never an exception. An artifact knows no rule and
touches neither git nor the disk.
"""
