"""The page for setting up: a program of its own, without rights, that knows the telephone by one socket."""
