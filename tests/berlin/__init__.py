"""The conformance report: every recommendation of the Berlin working paper as live experiments.

``python -m tests.berlin`` writes build/berlin/report.html and report.json. A row passes when all of its
experiments do, fails when any fails, and reads "not yet" with the missing part in words while one is not
built.
"""
