"""Replay: a server that answers from a fixture, its journal, and the recorder that makes one.

Nothing here is imported by other commands; the web server (`evalpolicy[replay]`) only by `app`,
`server` and `recorder`.
"""
