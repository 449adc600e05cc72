"""The telephone's side of the page for setting up: what its program may ask, and what becomes of a change."""
