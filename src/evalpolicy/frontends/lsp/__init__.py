"""The language server: the findings of `check`, in an editor, while you type.

Needs the extra `lsp`. Documents come from the editor and lie over the worktree (`documents`);
each fleet is judged by the same engine in a thread of its own (`root`, `judging`); what was found
becomes diagnostics, hovers and code actions (`diagnostics`, `hover`, `actions`). `server` is the
only part that speaks the protocol, and the only one that holds state for a session.
"""
