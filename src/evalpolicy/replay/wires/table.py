"""All wire formats by name."""

from __future__ import annotations

from evalpolicy.replay.wires import chat, gemini, messages, responses
from evalpolicy.replay.wires.model import Wire, WireName

WIRES: dict[WireName, Wire] = {
    wire.name: wire for wire in (chat.WIRE, responses.WIRE, messages.WIRE, gemini.WIRE)
}
