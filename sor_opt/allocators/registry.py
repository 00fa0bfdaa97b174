"""Every allocator, by name."""

from __future__ import annotations

from collections.abc import Iterable

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
from sor_opt.errors import ConfigError
from sor_opt.registry import Registry

ALLOCATORS: Registry[Allocator] = Registry(
    "allocator",
    Allocator,
    ExhaustiveAllocator,
    IntegerAllocator,
    CbcAllocator,
    FastAllocator,
    RobbinsMonroAllocator,
)
"""To add an allocator: one file with a class, and the class here. The first is the oracle."""


def provers(more: Iterable[str] = ()) -> list[Allocator]:
    """Make the package's allocators that prove their answers, and more; the first is the oracle.

    Raises
    ------
    ConfigError
        If one of `more` proves nothing.
    """
    made = [ALLOCATORS.make(name).proving() for name in dict.fromkeys((*ALLOCATORS.rows, *more))]
    found = [allocator for allocator in made if allocator.proves]
    for allocator in made[len(ALLOCATORS.rows) :]:
        if not allocator.proves:
            raise ConfigError(f"the allocator {allocator.name} proves nothing")
    return found
