"""Two simulated desk phones on one page: real daemons, real SIP over TLS and SRTP between them, no account."""
