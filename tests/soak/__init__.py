"""Calls without end, to see whether anything grows: ``make soak HOURS=8``. See ``__main__``."""
