"""Studies: searches kept in a database, resumed after anything, shared by several processes.

`study` runs one; `driver` asks for its trials and has them kept by one of `keepers`; `history`
reads what they found; `storage` opens a database, whose trials `known_tables` or `public_calls`
reads and writes; `locks`, `workers` and `interrupt` keep processes apart, start and stop them.
"""
