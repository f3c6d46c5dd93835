"""REST, server-sent events and hooks, served by FastAPI; every route goes through one guard."""
