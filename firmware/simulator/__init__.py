"""Two simulated desk phones on one page: real daemons, real encrypted calls, no account."""
