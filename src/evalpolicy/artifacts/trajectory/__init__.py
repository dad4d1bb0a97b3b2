"""Fixtures: both formats of a recorded run as one canonical trajectory."""

from evalpolicy.artifacts.model_names import model_family
from evalpolicy.artifacts.trajectory.lfs import LfsPointer, read_lfs_pointer
from evalpolicy.artifacts.trajectory.model import (
    NAMED_FORMATS,
    Client,
    FailedCall,
    Format,
    Last,
    Repeated,
    Summary,
    ToolCall,
    Trajectory,
    Turn,
    Unanswered,
)
from evalpolicy.artifacts.trajectory.places import span_at
from evalpolicy.artifacts.trajectory.reader import iter_turns, parse, parse_stream
from evalpolicy.artifacts.trajectory.request import Message, RecordedRequest
from evalpolicy.artifacts.trajectory.verdicts import (
    Fault,
    RecordingFault,
    named_format,
    served_turns,
    verdicts,
)

__all__ = [
    "NAMED_FORMATS",
    "Client",
    "FailedCall",
    "Fault",
    "Format",
    "Last",
    "LfsPointer",
    "Message",
    "RecordedRequest",
    "RecordingFault",
    "Repeated",
    "Summary",
    "ToolCall",
    "Trajectory",
    "Turn",
    "Unanswered",
    "iter_turns",
    "model_family",
    "named_format",
    "parse",
    "parse_stream",
    "read_lfs_pointer",
    "served_turns",
    "span_at",
    "verdicts",
]
