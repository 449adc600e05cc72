"""A machine with Debian 13, systemd as process 1 and our units, as it is on a flashed telephone."""
