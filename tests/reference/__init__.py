"""The plain engine that the compiled core is held against."""
