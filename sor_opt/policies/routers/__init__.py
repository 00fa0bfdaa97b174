"""Routers, one class per file."""
