"""The allocators, by name: the one place to add a row."""

from __future__ import annotations

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast import FastAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator
from sor_opt.errors import ConfigError

_ALLOCATORS: dict[str, type[Allocator]] = {
    kind.name: kind for kind in (ExhaustiveAllocator, IntegerAllocator, CbcAllocator, FastAllocator)
}


def names() -> tuple[str, ...]:
    """Names of all allocators; the first is the oracle."""
    return tuple(_ALLOCATORS)


def create(name: str) -> Allocator:
    """Make an allocator with its default settings.

    Raises
    ------
    ConfigError
        If there is no allocator of that name.
    """
    if name not in _ALLOCATORS:
        raise ConfigError(f"unknown allocator {name!r}; there are {', '.join(names())}")
    return _ALLOCATORS[name]()
