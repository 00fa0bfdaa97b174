"""Puts what several folders of tests share within reach of this one's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
