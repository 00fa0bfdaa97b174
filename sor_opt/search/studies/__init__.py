"""Studies: searches kept in a database, resumed after anything, shared by several processes.

`study` runs one; `desk` hands out its trials; `history` tells what they found; `storage`, `ledger`
and `locks` keep them; `workers` and `interrupt` start and stop the processes.
"""

import optuna

# Optuna tells of every study and trial; what is worth telling, the command line says itself.
optuna.logging.set_verbosity(optuna.logging.ERROR)
