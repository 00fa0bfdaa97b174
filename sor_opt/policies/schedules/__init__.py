"""Schedules, one class per file."""
