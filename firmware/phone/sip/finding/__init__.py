"""Finding the server (RFC 3263): which addresses a name stands for, in which order, and which of them answer.

config ── Hop ──► finder (a thread: names asks the resolver) ── Found ──► Server (which target now)
                                                                           │
                                                  pjsua.servers ◄──────────┘   hands it to the library
"""
