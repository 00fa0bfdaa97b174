"""Files in, tapes out: one loader per format; and our own format written."""

from sor_opt.market.loaders.registry import LOADERS, load_tape
from sor_opt.market.loaders.tabular import check_ending, save_tape

__all__ = ["LOADERS", "check_ending", "load_tape", "save_tape"]
