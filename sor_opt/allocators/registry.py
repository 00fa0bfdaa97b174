"""The allocators, by name: the one place to add a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import DEFAULT_LIMIT, ExhaustiveAllocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator, IntegerParams
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator, RobbinsMonroParams
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
    certify : bool
        Whether fast proves its answer where there are several scenarios.
    robbins_monro : RobbinsMonroParams
        How long the stochastic approximation goes on.
    """

    limit: int = DEFAULT_LIMIT
    progress: Callable[[int, int], None] | None = None
    integer: IntegerParams = field(default_factory=IntegerParams)
    certify: bool = False
    robbins_monro: RobbinsMonroParams = field(default_factory=RobbinsMonroParams)


_ROWS: dict[str, Callable[[Settings], Allocator]] = {
    ExhaustiveAllocator.name: lambda given: ExhaustiveAllocator(given.limit, given.progress),
    IntegerAllocator.name: lambda given: IntegerAllocator(given.integer),
    CbcAllocator.name: lambda given: CbcAllocator(given.integer),
    FastAllocator.name: lambda given: FastAllocator(
        IntegerAllocator(given.integer) if given.certify else None
    ),
    RobbinsMonroAllocator.name: lambda given: RobbinsMonroAllocator(given.robbins_monro),
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


def provers() -> list[Allocator]:
    """Make all allocators that prove their answers; the first is the oracle."""
    made = [create(name, Settings(certify=True)) for name in names()]
    return [allocator for allocator in made if allocator.proves]
