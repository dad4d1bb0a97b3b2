"""How fixtures came to be: the file that says so, and what recording, labels and git know of it."""
