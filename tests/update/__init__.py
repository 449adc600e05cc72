"""The updater, against a repository that can be turned hostile."""
