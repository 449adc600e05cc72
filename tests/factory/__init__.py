"""The golden table of factory defaults, and what checks it: files here, the live system in a booted machine."""
