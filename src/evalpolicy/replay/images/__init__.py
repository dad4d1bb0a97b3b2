"""Images of a plan on this machine: finds missing and stale ones, and builds them."""
