"""One tree of exceptions; each class carries the command line's exit code."""

from __future__ import annotations

from typing import ClassVar


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
    mend : str, optional
        What to do about it.
    """

    exit_code = 3

    def __init__(
        self, problem: str, *, file: object = None, row: int | None = None, mend: str | None = None
    ) -> None:
        self.problem, self.file, self.row, self.mend = problem, file, row, mend
        where = ", ".join(
            part for part in (str(file) if file else "", f"row {row}" if row else "") if part
        )
        text = f"{where}: {problem}" if where else problem
        super().__init__(f"{text}; {mend}" if mend else text)


class SolverError(SorOptError):
    """A solver refused, failed, or did not prove what was asked."""

    exit_code = 4


class StorageError(SorOptError):
    """A study's storage cannot be reached or does not hold what was asked."""

    exit_code = 1
