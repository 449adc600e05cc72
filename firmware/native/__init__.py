"""How pjsua2 is built from source: see README.md."""
