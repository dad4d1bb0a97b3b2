"""The files of a worktree, of the index or of a commit, behind one interface.

`open_snapshot` is the way in. Git is asked through its own plumbing, in a number of processes
that does not grow with the repository.
"""

from evalpolicy.snapshot.model import Kind, Snapshot, TreeEntry, Unreadable
from evalpolicy.snapshot.opening import open_snapshot

__all__ = ["Kind", "Snapshot", "TreeEntry", "Unreadable", "open_snapshot"]
