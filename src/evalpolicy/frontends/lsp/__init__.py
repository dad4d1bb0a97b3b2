"""The language server: what `check` finds, in an editor, while the file is written.

Needs the extra `lsp`. Documents come from the editor and lie over the worktree (`documents`);
each fleet is judged by the same engine in a thread of its own (`root`, `judging`); what was found
becomes diagnostics, hovers and code actions (`diagnostics`, `hover`, `actions`). `server` is the
only part that speaks the protocol, and the only one that holds state for a session.
"""
