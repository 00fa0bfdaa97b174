"""Studies: searches kept in a database, resumed after anything, shared by several processes.

`study` runs one; `driver` asks for its trials and tells their results; `history` reads what they
found; `storage`, `tables` and `locks` keep them; `workers` and `interrupt` start and stop the
processes.
"""

import optuna

# Optuna logs every study and trial; the command line reports what is of use.
optuna.logging.set_verbosity(optuna.logging.ERROR)
