"""The loops that join the parts: source, schedule, run. Effects happen here, decisions elsewhere."""
