"""The plan of a replay: which fixtures, which images and how each is built, which containers.

Making a plan reads the snapshot and nothing else: no engine is asked, nothing is run.
"""
