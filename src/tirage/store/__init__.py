"""One file per entity: its record, its SQL in named constants, and functions that take a transaction."""
