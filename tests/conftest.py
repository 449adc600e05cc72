"""Shared by all tests: the repository is importable, so that ``tests.rig`` and ``firmware`` are found."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
