"""evalpolicy: may this be merged, and if not, which line do I change?"""

__version__ = "0.1.0"
