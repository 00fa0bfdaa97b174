"""Puts the repository's root within reach: workers import this folder from there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
