"""The rules of one house, for evalpolicy."""
