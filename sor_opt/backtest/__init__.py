"""Replays of parent orders over Level-1 data."""
