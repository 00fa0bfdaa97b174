"""Puts this folder's own modules, and those that several folders share, within reach."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
