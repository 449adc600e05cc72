"""The voice that reads digits and menus."""
