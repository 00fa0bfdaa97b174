"""Market data: the tape, its loaders, its quality, and a synthetic market."""

from sor_opt.market.loaders import load_tape, save_tape
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, Quotes, Tape, Trades

__all__ = ["BUYER", "SELLER", "UNKNOWN", "Quotes", "Tape", "Trades", "load_tape", "save_tape"]
