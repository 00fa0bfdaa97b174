"""The allocators, by name: the one place to add a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import DEFAULT_LIMIT, ExhaustiveAllocator
from sor_opt.allocators.fast import FastAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator, IntegerParams
from sor_opt.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Settings of all allocators; each takes its own.

    Parameters
    ----------
    limit : int
        Points above which exhaustive refuses.
    progress : callable, optional
        Called by exhaustive with (points done, points in all).
    integer : IntegerParams
        When an integer program may stop.
    """

    limit: int = DEFAULT_LIMIT
    progress: Callable[[int, int], None] | None = None
    integer: IntegerParams = field(default_factory=IntegerParams)


_ROWS: dict[str, Callable[[Settings], Allocator]] = {
    ExhaustiveAllocator.name: lambda given: ExhaustiveAllocator(given.limit, given.progress),
    IntegerAllocator.name: lambda given: IntegerAllocator(given.integer),
    CbcAllocator.name: lambda given: CbcAllocator(given.integer),
    FastAllocator.name: lambda _: FastAllocator(),
}


def names() -> tuple[str, ...]:
    """Names of all allocators; the first is the oracle."""
    return tuple(_ROWS)


def create(name: str, settings: Settings | None = None) -> Allocator:
    """Make an allocator.

    Raises
    ------
    ConfigError
        If there is no allocator of that name.
    """
    if name not in _ROWS:
        raise ConfigError(f"unknown allocator {name!r}; there are {', '.join(names())}")
    return _ROWS[name](settings or Settings())
