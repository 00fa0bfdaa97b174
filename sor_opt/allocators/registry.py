"""Every allocator, by name."""

from __future__ import annotations

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
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


def provers() -> list[Allocator]:
    """Make all allocators that prove their answers; the first is the oracle."""
    made = [ALLOCATORS.make(name).proving() for name in ALLOCATORS]
    return [allocator for allocator in made if allocator.proves]
