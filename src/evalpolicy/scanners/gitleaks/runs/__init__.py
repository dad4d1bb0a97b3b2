"""Where a repository runs gitleaks: which version, from where, over what, with which file.

`model` is what a run is, `seen` what a text says of a version, `program` which commands are
gitleaks, `script` the runs of one shell script; beside them stands one module for each kind of
source: `hooks`, `workflows` with `actions`, `files`, `tools`.
"""
