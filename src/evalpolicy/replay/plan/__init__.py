"""The plan of a replay: fixtures, images and how to build them, containers.

Making a plan only reads the snapshot: it calls no engine and runs nothing.
"""
