"""The integer program as two allocators: HiGHS in process, and CBC as the second opinion."""

from __future__ import annotations

import math
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pulp
from pulp.apis import PULP_CBC_CMD

from sor_opt.allocators.base import Clock
from sor_opt.allocators.program import SOLVER_TOLERANCE, Program, ProgramAllocator

_OVERRUN = 1.5
"""How far CBC may go over its time limit before it is ended."""


@dataclass(frozen=True)
class IntegerAllocator(ProgramAllocator):
    """Integer program solved by HiGHS in process.

    Parameters
    ----------
    program : IntegerParams
    """

    name: ClassVar[str] = "integer"


@dataclass(frozen=True)
class CbcAllocator(ProgramAllocator):
    """Integer program solved by the CBC that PuLP bundles; it overruns a time limit by up to half.

    Parameters
    ----------
    program : IntegerParams
    """

    name: ClassVar[str] = "integer-cbc"

    def _solver(self, seconds: float | None, mip: bool = True) -> pulp.LpSolver:
        # CBC asks a new solution to be better by 1e-5 by default; and `threads` is left
        # alone, because even one starts its threaded search, which now and then stalls for 10 s.
        tolerances = ("increment", "primalT", "dualT", "integerT")
        return _Cbc(
            path=PULP_CBC_CMD.pulp_cbc_path,
            mip=mip,
            msg=False,
            timeLimit=seconds,
            gapRel=self.program.gap,
            gapAbs=0.0,
            options=[f"{name} {SOLVER_TOLERANCE}" for name in tolerances],
        )

    def _bound(self, model: Program, clock: Clock) -> float:
        """Solve the linear relaxation: CBC's own bound does not come through PuLP."""
        if clock.left <= 0:
            return -math.inf
        seconds = None if clock.limit is None else clock.left
        try:
            model.program.solve(self._solver(seconds, mip=False))
        except pulp.PulpSolverError:
            return -math.inf
        if model.program.sol_status != pulp.LpSolutionOptimal:
            return -math.inf
        return float(pulp.value(model.program.objective)) / model.scale


class _Cbc(pulp.COIN_CMD):  # type: ignore[misc]
    """CBC as PuLP runs it, but in a folder of any name, and ended where it runs on and on.

    PuLP makes one line of its arguments and splits it at spaces, those of a folder's name too.
    """

    def actualSolve(self, lp: pulp.LpProblem) -> int:  # noqa: N802 (PuLP's name)
        """Solve a program and write the answer into its variables."""
        try:
            with tempfile.TemporaryDirectory(prefix="sor-opt-") as folder:
                status, values, _, _, _, found = self._ask(lp, Path(folder))
        except subprocess.TimeoutExpired as error:
            raise pulp.PulpSolverError(f"found no split within {self.timeLimit:g} s") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise pulp.PulpSolverError(f"could not be run: {error}") from error
        lp.assignVarsVals(values)
        lp.assignStatus(status, found)
        return int(status)

    def _ask(self, lp: pulp.LpProblem, folder: Path) -> Any:
        written, answer = str(folder / "program.mps"), str(folder / "answer.txt")
        variables, names, rows, _ = lp.writeMPS(written, rename=True)
        options = [*self.options, *self.getOptions()]
        if self.timeLimit is not None:
            options.append(f"sec {self.timeLimit}")
        words = [word for option in options for word in f"-{option}".split()]
        solve = "-solve" if self.mip else "-initialSolve"
        subprocess.run(
            [self.path, written, *words, solve, "-solution", answer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=None if self.timeLimit is None else _OVERRUN * self.timeLimit,
            check=True,
        )
        return self.readsol_MPS(answer, lp, variables, names, rows)
