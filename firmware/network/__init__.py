"""What may leave the telephone and come to it, from its configuration: for firewall, names and time."""
