"""Configurations for many telephones: made by ``sotto-release provision``, pulled by the telephone.

The one who looks after the telephones signs (JWS, Ed25519) and encrypts (JWE, A256GCM) one file for each; any
web server serves them. A telephone has a ticket, given to it by hand, with address, code and keys. Nothing
here imports the telephone's SIP or its drivers.
"""
