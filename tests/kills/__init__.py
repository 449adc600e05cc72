"""The daemon is killed at random moments of a scripted day: ``make kills N=200``. See ``__main__``."""
