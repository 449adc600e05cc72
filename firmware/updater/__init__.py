"""The updater: a second program, with its own user and unit. It never imports the telephone's SIP side."""
