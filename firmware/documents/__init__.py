"""The documents as a site: ``make docs`` builds it, without a network. A tool of the host."""
