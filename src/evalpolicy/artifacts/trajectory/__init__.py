"""Fixtures: both formats of a recorded run as one canonical trajectory."""

from evalpolicy.artifacts.trajectory.lfs import LfsPointer, read_lfs_pointer
from evalpolicy.artifacts.trajectory.model import (
    NAMED_FORMATS,
    Client,
    FailedCall,
    Format,
    Repeated,
    Summary,
    ToolCall,
    Trajectory,
    Turn,
    Unanswered,
)
from evalpolicy.artifacts.trajectory.reader import iter_turns, parse, parse_stream
from evalpolicy.artifacts.trajectory.request import Message, Request

__all__ = [
    "NAMED_FORMATS",
    "Client",
    "FailedCall",
    "Format",
    "LfsPointer",
    "Message",
    "Repeated",
    "Request",
    "Summary",
    "ToolCall",
    "Trajectory",
    "Turn",
    "Unanswered",
    "iter_turns",
    "parse",
    "parse_stream",
    "read_lfs_pointer",
]
