"""The test rig: real servers and independent telephones on loopback, one module for each.

Nothing here belongs to the product and nothing here imports it: the daemon is driven as a user would drive
it, by its configuration, its command line and the command ``sotto``. All addresses are within 127.0.0.0/8.
"""
