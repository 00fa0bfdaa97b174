"""Replays of parent orders over Level-1 data, in two engines of one meaning."""
