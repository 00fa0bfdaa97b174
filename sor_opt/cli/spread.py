"""Options from dataclasses: a command is annotated with them, and called with them checked.

A field is an option as its annotation says: one of typer's own, or a `Param` of a parameter
dataclass. Dataclasses in dataclasses are spread too, and so are parameters that are not known
before the words of the command line are (`Given`).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from sor_opt.cli.derive import default, duration, option
from sor_opt.cli.places import keep_apart
from sor_opt.errors import ConfigError
from sor_opt.params import Field, Parameter, fields_of, open_hint, put

Words = Sequence[str]
"""What was typed after a command's name."""

FieldPath = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Stands in the `Annotated` of a dataclass that is spread.

    Parameters
    ----------
    panel : str
        The panel of the help that its options are in.
    without : tuple of str
        Fields that are no options.
    """

    panel: str | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """Stands in the `Annotated` of a mapping of those parameters that were given, by name.

    Parameters
    ----------
    panel : str
        Of the help.
    parameters : callable
        Gives the parameters for some words.
    """

    panel: str
    parameters: Callable[[Words], Sequence[Parameter]]


class _Option(NamedTuple):
    """An option: where its value goes, and what typer sees of it."""

    path: FieldPath
    name: str
    annotation: Any
    default: Any
    tail: FieldPath | None = None
    given: bool = False


def spread(command: Callable[..., None], words: Words = ()) -> Callable[..., None]:
    """Replace every parameter that is annotated with a dataclass by that dataclass's fields.

    Typer then sees flat options; the command is called with the dataclasses, built and checked,
    once it is sure that no file which it would write is another one that it names.

    Parameters
    ----------
    command : callable
        Its dataclasses can be made without arguments, which are the options' defaults.
    words : sequence of str
        What was typed, where options follow from it.

    Raises
    ------
    ConfigError
        If two options have one name.
    """
    hints = get_type_hints(command, include_extras=True)
    options = [
        found
        for name, parameter in inspect.signature(command).parameters.items()
        for found in _options(hints[name], (name,), parameter.default, Group(), words)
    ]
    _check_names(options)
    flat = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default,
            annotation=each.annotation,
        )
        for each in options
    ]
    groups = {
        name: kind for name, hint in hints.items() if is_dataclass(kind := open_hint(hint).kind)
    }

    def call(**values: Any) -> None:
        keep_apart(flat, values)
        by_path = _by_path(options, values)
        records = {name: _made(kind, name, by_path) for name, kind in groups.items()}
        command(**{path[0]: value for path, value in by_path.items() if len(path) == 1}, **records)

    shown: Any = call
    shown.__name__, shown.__doc__ = command.__name__, command.__doc__
    shown.__signature__ = inspect.Signature(flat)
    shown.__annotations__ = {each.name: each.annotation for each in flat}
    return call


def _options(
    hint: Any, path: FieldPath, value: Any, group: Group, words: Words
) -> Iterator[_Option]:
    """The options of a parameter of a command, or of a field below it."""
    opened = open_hint(hint)
    given = next((note for note in opened.notes if isinstance(note, Given)), None)
    if given is not None:
        for parameter in given.parameters(words):
            annotation = option(parameter, given.panel, left_out=True)
            below = (*path, parameter.name)
            yield _Option(below, parameter.name, annotation, None, given=True)
    elif is_dataclass(opened.kind):
        inner = next((note for note in opened.notes if isinstance(note, Group)), group)
        kind: Any = opened.kind
        record: Any = value if is_dataclass(value) else kind()
        for each in fields_of(record):
            if each.name not in inner.without and not _is_tail(each.hint):
                yield from _field_options(each, (*path, each.name), inner, words)
    elif _is_typers(hint):
        yield _Option(path, path[-1], _in_panel(hint, group.panel), value)


def _field_options(field: Field, path: FieldPath, group: Group, words: Words) -> Iterator[_Option]:
    parameter = None if _is_typers(field.hint) else field.parameter(path)
    if parameter is None:
        yield from _options(field.hint, path, field.value, group, words)
    else:
        tail = (*path[:-1], field.tail) if field.tail else None
        annotation = option(parameter, group.panel)
        yield _Option(path, parameter.name, annotation, default(parameter), tail)


def _check_names(options: Sequence[_Option]) -> None:
    names = [each.name for each in options]
    for each in options:
        if names.count(each.name) > 1:
            raise ConfigError(
                f"two parameters would be the option --{each.name.replace('_', '-')}; give one of "
                "them a Param(name=..)"
            )


def _by_path(options: Sequence[_Option], values: Mapping[str, Any]) -> dict[FieldPath, Any]:
    """What was given, by where it goes; a mapping of what was given is one value."""
    found: dict[FieldPath, Any] = {}
    for each in options:
        value = values[each.name]
        if each.given:
            mapping = found.setdefault(each.path[:-1], {})
            if value is not None:
                mapping[each.name] = value
        elif each.tail is not None:
            found[each.path], timed, length = value.partition(":")
            found[each.tail] = duration(length) if timed else None
        else:
            found[each.path] = value
    return found


def _made(kind: Any, name: str, by_path: Mapping[FieldPath, Any]) -> Any:
    own = {path[1:]: value for path, value in by_path.items() if path[0] == name}
    return put(kind(), own)


def _is_typers(hint: Any) -> bool:
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return any(isinstance(note, (ArgumentInfo, OptionInfo)) for note in notes)


def _is_tail(hint: Any) -> bool:
    return any(getattr(note, "after", "") for note in open_hint(hint).notes)


def _in_panel(hint: Any, panel: str | None) -> Any:
    """An annotation of typer's with a panel, where it has none."""
    kind, *notes = get_args(hint)
    for at, note in enumerate(notes):
        if isinstance(note, OptionInfo) and note.rich_help_panel is None:
            notes[at] = copy.copy(note)
            notes[at].rich_help_panel = panel
    return Annotated[(kind, *notes)]
