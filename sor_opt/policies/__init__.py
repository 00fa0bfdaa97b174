"""Policies: schedules say when shares are due, routers where they go."""
