"""The experiments, one module for each group of rows, in the order in which they are carried out."""

from __future__ import annotations

from tests.berlin.experiments import (
    calls,
    control,
    encryption,
    extension,
    features,
    guests,
    information,
    measures,
    presence,
    wire,
)
from tests.berlin.model import REGISTRY

EXPERIMENTS = tuple(REGISTRY)

__all__ = [
    "EXPERIMENTS",
    "calls",
    "control",
    "encryption",
    "extension",
    "features",
    "guests",
    "information",
    "measures",
    "presence",
    "wire",
]
