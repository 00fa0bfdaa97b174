"""What a search moves: the parameters of a policy that have a range, or levels in a file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.models.bounds import MAX_PENALTY, MIN_LEVEL
from sor_opt.params import Parameter
from sor_opt.policies.policy import Policy
from sor_opt.search.axis import MAX_REACH, SCALES, Axis, LogAxis, is_number
from sor_opt.texts import parse_toml, read_text

MAX_POINTS = 10_000
"""Points of a grid."""

Point = tuple[float, ...]
"""One value per axis of a space, in their order."""

Setting = float | str
"""The value of a parameter."""

_REACH = "reach"
"""The key of a file of levels that is no parameter."""

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True)
class Space:
    """The axes of a search, and what is set besides.

    Parameters
    ----------
    axes : tuple of Axis
        One or more; the combinations of their levels are at most `MAX_POINTS`.
    fixed : mapping of str to number or str
        Parameters that are set and do not move, such as a unit.

    Raises
    ------
    ConfigError
        If there is no axis, two have one name, or the grid is too large.
    """

    axes: tuple[Axis, ...]
    fixed: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.axes:
            raise ConfigError("a space needs a parameter to move")
        if len({*self.all_names, _REACH}) <= len(self.axes) + len(self.fixed):
            raise ConfigError(
                f"the parameters of a space have different names, none of them {_REACH}: got "
                f"{', '.join(self.all_names)}"
            )
        points = math.prod(len(axis.levels) for axis in self.axes)
        if points > MAX_POINTS:
            raise ConfigError(f"the levels make {points:,} points, more than {MAX_POINTS:,}")

    @classmethod
    def of(cls, policy: Policy, levels: Mapping[str, Any] | None = None) -> Space:
        """The space of a policy's parameters.

        Parameters
        ----------
        policy : Policy
            Its parameters with a `sor_opt.params.Range` are axes. One that sets their unit is fixed
            at its value.
        levels : mapping, optional
            Overrides by the names of parameters: a list of levels makes an axis, also of a
            parameter without a range (between the lowest and the highest level); one value fixes
            it. `reach` is for all axes that declare one.

        Raises
        ------
        ConfigError
            If there is nothing to search, a key or a value is wrong, or the policy refuses the
            first or the last point of the grid.
        """
        given = {} if levels is None else dict(levels)
        reach = _reach(given.pop(_REACH)) if _REACH in given else None
        parameters = policy.parameters()
        unknown = sorted(given.keys() - {parameter.name for parameter in parameters})
        if unknown:
            known = ", ".join((*(parameter.name for parameter in parameters), _REACH))
            raise ConfigError(f"unknown key {quoted(unknown[0])}; known are {known}")
        axes: list[Axis] = []
        fixed: dict[str, Setting] = {}
        for parameter in parameters:
            value = given.get(parameter.name)
            if isinstance(value, (list, tuple)) or (value is None and parameter.range):
                axes.append(Axis.of(parameter, value, reach))
            elif value is not None:
                fixed[parameter.name] = _setting(parameter, value)
            elif parameter.param.sets_unit:
                fixed[parameter.name] = parameter.default
        if not axes:
            raise ConfigError(_nothing_to_search(policy))
        if reach is not None and not any(axis.reach for axis in axes):
            raise ConfigError(f"no parameter that the policy {policy.name} moves has a reach")
        space = cls(tuple(axes), fixed)
        grid = space.grid()
        for point in (grid[0], grid[-1]):
            policy.having(point)
        return space

    @classmethod
    def read(cls, policy: Policy, path: Path, given: Collection[str] = ()) -> Space:
        """The space of a policy's parameters with the overrides of a TOML file, see `of`.

        Parameters
        ----------
        policy : Policy
        path : Path
        given : collection of str
            Parameters that have been set otherwise, which the file must not name.

        Raises
        ------
        DataError
            If the file cannot be read, or a key or a value is wrong.
        """
        levels = parse_toml(read_text(path, "a TOML file of levels"), path)
        for name in sorted(levels.keys() & set(given)):
            hint = "leave one of them out"
            raise DataError(f"{name} is given by an option too", file=path, hint=hint)
        try:
            return cls.of(policy, levels)
        except ConfigError as error:
            raise DataError(str(error), file=path) from error

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Space:
        """Read what `record` wrote; nothing else is needed, nor imported."""
        rest = dict(record)
        reach = rest.pop(_REACH, None)
        axes = [
            _axis_of_record(name, value, reach)
            for name, value in rest.items()
            if isinstance(value, (list, tuple, Mapping))
        ]
        moved = {axis.name for axis in axes}
        return cls(tuple(axes), {name: rest[name] for name in rest if name not in moved})

    def record(self) -> dict[str, Any]:
        """The space as plain data, for a study's identity.

        Penalties of one `reach` are their levels alone, as they were before there were others.
        """
        reach = next((axis.reach for axis in self.axes if _is_penalty(axis, axis.reach)), None)
        told = {
            axis.name: axis.levels if _is_penalty(axis, reach) else _record_of_axis(axis)
            for axis in self.axes
        }
        return {**told, **({} if reach is None else {_REACH: reach}), **self.fixed}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all parameters that it sets, moved or fixed."""
        return (*self.names, *self.fixed)

    @property
    def size(self) -> float:
        """How many points there are, those between the levels included."""
        return math.prod(axis.size for axis in self.axes)

    def params(self, values: Mapping[str, float]) -> dict[str, Setting]:
        """All that is set at a point, by name, from a value per axis."""
        return {**{axis.name: axis.value(values[axis.name]) for axis in self.axes}, **self.fixed}

    def point(self, params: Mapping[str, Any]) -> Point:
        """The point at which something is set so."""
        return tuple(params[name] for name in self.names)

    def points(self) -> list[Point]:
        """All combinations of the levels; the last axis moves fastest."""
        return list(itertools.product(*(axis.levels for axis in self.axes)))

    def grid(self) -> list[dict[str, Setting]]:
        """All that is set at each of `points`."""
        return [self.params(dict(zip(self.names, point, strict=True))) for point in self.points()]


def _reach(value: Any) -> float:
    if not (is_number(value) and 1 < value < math.inf):
        raise ConfigError(f"reach must be > 1, got {quoted(value)}")
    if value > MAX_REACH:
        raise ConfigError(f"reach must be at most {MAX_REACH:g}, got {value:g}")
    return float(value)


def _setting(parameter: Parameter, value: Any) -> Setting:
    """One value of a parameter, as its type has it."""
    name, kind = parameter.name, parameter.kind
    if get_origin(kind) is not None:
        if value not in get_args(kind):
            known = ", ".join(map(str, get_args(kind)))
            raise ConfigError(f"{name} must be one of {known}, got {quoted(value)}")
    elif kind not in _KINDS:
        raise ConfigError(f"{name} is set by its option alone")
    elif type(value) is not kind and not (kind is float and is_number(value)):
        raise ConfigError(
            f"{name} must be {_KINDS[kind]}, or a list of levels, got {quoted(value)}"
        )
    setting: Setting = float(value) if kind is float else value
    return setting


def _nothing_to_search(policy: Policy) -> str:
    parameters = policy.parameters()
    numbers = [parameter.name for parameter in parameters if parameter.kind in (int, float)]
    has = f"it has {', '.join(parameter.name for parameter in parameters)}" if parameters else ""
    how = f"name levels of {' or '.join(numbers)} in a file: --levels FILE" if numbers else ""
    return (
        f"the policy {policy.name} has nothing to search, no parameter with a range; "
        f"{'; '.join(filter(None, (has, how))) or 'it has no parameters'}"
    )


def _penalty(name: str, levels: tuple[float, ...], reach: float) -> Axis:
    """The axis of a risk parameter."""
    return LogAxis(name, levels, MIN_LEVEL, MAX_PENALTY, reach=reach)


def _is_penalty(axis: Axis, reach: float | None) -> bool:
    return reach is not None and axis == _penalty(axis.name, axis.levels, reach)


def _record_of_axis(axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "levels": axis.levels,
        "low": axis.low,
        "high": axis.high,
        "scale": axis.scale,
        "whole": axis.whole,
        "reach": axis.reach,
    }


def _axis_of_record(name: str, value: Any, reach: float | None) -> Axis:
    if not isinstance(value, Mapping):
        assert reach is not None
        return _penalty(name, tuple(value), reach)
    levels, made = tuple(value["levels"]), SCALES[value["scale"]]
    return made(name, levels, value["low"], value["high"], value["whole"], value["reach"])
