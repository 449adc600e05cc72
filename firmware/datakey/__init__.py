"""The key under which everything is written that a telephone keeps, and its destruction: the factory reset.

``record`` is the key on the card, ``volume`` the encrypted partition, ``held`` the keys of the keypad that
ask for a reset at power-on. ``python -m firmware.datakey`` runs as root, before anything is mounted.
"""
