"""Searches of the risk parameters: the grid, and studies that are kept."""
