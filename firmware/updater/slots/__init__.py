"""Where a system is kept: two slots, and what decides which one boots."""
