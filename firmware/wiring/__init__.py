"""The wiring pages: ``make wiring`` draws them from the board files. A tool of the host."""
