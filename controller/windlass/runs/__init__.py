"""Planned → happened: the life of a run and its steps, decided from the plan and observations. Pure."""
