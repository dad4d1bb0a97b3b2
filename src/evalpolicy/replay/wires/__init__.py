"""The wire formats: one module each, with the same interface, independent of each other."""

from evalpolicy.replay.wires.model import Asked, BadRequestError, Wire, WireName
from evalpolicy.replay.wires.table import WIRES

__all__ = ["WIRES", "Asked", "BadRequestError", "Wire", "WireName"]
