"""The golden table of factory defaults, and what checks it: files here, the system in a booted machine."""
