"""Allocators: exact solvers of the ladder problem, one file each, found by name in the registry."""
