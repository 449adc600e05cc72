"""The benchmarks: ``python -m tests.bench``, or ``make bench``. One module for each group of figures.

Ours and the rival (Debian's baresip) are measured in the same run, in turns or in the same window of time, so
that whatever else the machine does hits both. Nothing here is a test: a figure that misses its target is
printed as such, and the run still ends with 0; it ends with 1 only when something could not be measured.
"""
