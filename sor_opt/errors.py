"""One tree of exceptions, each class with the command line's exit code; how they quote."""

from __future__ import annotations

from typing import ClassVar

_LONGEST_QUOTE = 80
"""Characters of a cell, a row or a word that an error shows."""


class SorOptError(Exception):
    """Base of every error that sor_opt raises on purpose."""

    exit_code: ClassVar[int] = 1


class ConfigError(SorOptError, ValueError):
    """The call is wrong: a parameter, an option, a combination of them."""

    exit_code = 2


class DataError(SorOptError):
    """The data is wrong.

    Parameters
    ----------
    problem : str
        What is wrong, in a few words.
    file : str, optional
        The file it was found in.
    row : int, optional
        The data row, counted from 1 (the header is not a row).
    hint : str, optional
        What to do about it.
    """

    exit_code = 3

    def __init__(
        self, problem: str, *, file: object = None, row: int | None = None, hint: str | None = None
    ) -> None:
        self.problem, self.file, self.row, self.hint = problem, file, row, hint
        where = ", ".join(
            part for part in (str(file) if file else "", f"row {row}" if row else "") if part
        )
        text = f"{where}: {problem}" if where else problem
        super().__init__(f"{text}; {hint}" if hint else text)


class SolverError(SorOptError):
    """A solver refused, failed, or did not prove what was asked."""

    exit_code = 4


class StorageError(SorOptError):
    """A study's storage cannot be reached or does not hold what was asked."""

    exit_code = 1


class OutputError(SorOptError):
    """A result cannot be written: the disk is full, the name is too long, nobody reads it."""

    exit_code = 1


def quoted(value: object) -> str:
    """Quote what a user or a file gave, for an error: like repr, and never long.

    Parameters
    ----------
    value : object
        A text, of which 80 characters are shown at most, or anything else that has a repr.
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return f"{type(value).__name__} that is too large to show"
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 3] + "..."
    return repr(text) if isinstance(value, str) else text
