"""Classes of one kind by name: the package's, those of installed packages, and a user's own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from sor_opt.errors import ConfigError, quoted
from sor_opt.extensions import is_place, load_class, own_error

Kind = TypeVar("Kind")


class Registry(Mapping[str, type[Kind]], Generic[Kind]):
    """The classes of a kind, by the `name` of each.

    An installed package adds some by entry points of the group ``sor_opt.<kind>s``; a row of the
    package wins over one of the same name.

    Parameters
    ----------
    kind : str
        What one of them is, in the singular.
    base : type
        What all of them are subclasses of.
    rows : type
        The package's own.

    Attributes
    ----------
    rows : dict of str to type
        The package's own, by name.
    """

    def __init__(self, kind: str, base: type[Any], *rows: type[Kind]) -> None:
        self.kind = kind
        self._base = base
        self.rows: dict[str, type[Kind]] = {_name(row): row for row in rows}

    def __getitem__(self, name: str) -> type[Kind]:
        """The class of a name that is listed."""
        if name in self.rows:
            return self.rows[name]
        return self._installed(name)

    def __iter__(self) -> Iterator[str]:
        """All names, the package's own first."""
        yield from self.rows
        yield from sorted(entry_points(group=self.group).names - self.rows.keys())

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    @property
    def group(self) -> str:
        """The group of entry points."""
        return f"sor_opt.{self.kind}s"

    def find(self, name: str) -> type[Kind]:
        """The class of a name, or of ``path/to/mine.py:Class``.

        Raises
        ------
        ConfigError
            If there is none, or it cannot be loaded.
        """
        if is_place(name):
            found = load_class(name, self._base)
            if _name(found) in self.rows:
                raise ConfigError(
                    f"{name}: {_name(found)} is the name of a {self.kind} of the package; give "
                    "the class another name"
                )
            return found
        if name not in self:
            raise ConfigError(
                f"no {self.kind} {quoted(name)}; there are {', '.join(self)}, or "
                "path/to/mine.py:Class"
            )
        return self[name]

    def make(self, name: str) -> Kind:
        """An object of a class that `find` gives, with the defaults of its parameters.

        Raises
        ------
        ConfigError
            If there is no such class, or a parameter of it has no default.
        """
        kind = self.find(name)
        needed = [
            each.name for each in inspect.signature(kind).parameters.values() if _is_needed(each)
        ]
        if needed:
            raise ConfigError(
                f"the {self.kind} {_name(kind)} needs a default for {', '.join(needed)}"
            )
        return kind()

    def _installed(self, name: str) -> type[Kind]:
        entry = next(iter(entry_points(group=self.group, name=name)), None)
        if entry is None:
            raise KeyError(name)
        try:
            found = entry.load()
        except Exception as error:
            raise ConfigError(
                f"the {self.kind} {name} of {entry.value} cannot be loaded: {own_error(error)}"
            ) from error
        if not (isinstance(found, type) and issubclass(found, self._base)):
            raise ConfigError(f"{entry.value} is no subclass of {self._base.__name__}")
        kind: type[Kind] = found
        return kind


def _name(kind: Any) -> str:
    return str(kind.name)


def _is_needed(parameter: inspect.Parameter) -> bool:
    """Whether a call must name it."""
    named = (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    return parameter.default is parameter.empty and parameter.kind in named
