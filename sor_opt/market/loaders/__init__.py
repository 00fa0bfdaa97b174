"""Files in, tapes out: one loader per format."""

from sor_opt.market.loaders.registry import LOADERS, load_tape

__all__ = ["LOADERS", "load_tape"]
