"""One order replayed at rising penalties, each replay telling where the next change may be."""
