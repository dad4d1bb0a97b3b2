"""The wire formats: one module each, all of one shape, and none knows another."""

from evalpolicy.replay.wires.model import Asked, BadRequestError, Wire, WireName
from evalpolicy.replay.wires.table import WIRES

__all__ = ["WIRES", "Asked", "BadRequestError", "Wire", "WireName"]
