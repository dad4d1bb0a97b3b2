"""The wire formats: one module each, with the same interface, independent of each other."""

from evalpolicy.replay.wires import chat, gemini, messages, responses
from evalpolicy.replay.wires.model import BadRequestError, ModelCall, Wire, WireName

__all__ = ["WIRES", "BadRequestError", "ModelCall", "Wire", "WireName"]

WIRES: dict[WireName, Wire] = {
    wire.name: wire for wire in (chat.WIRE, responses.WIRE, messages.WIRE, gemini.WIRE)
}
