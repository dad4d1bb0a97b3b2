"""Containers of a replay, on docker or podman: found, created, watched, removed."""
