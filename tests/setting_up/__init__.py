"""The page for setting up, as it is reached: a telephone's loop and door, the page's program, TLS."""
