"""Attempts in containers, wherever those are: the folder inside, the driver of parts, the log, the engine's socket."""
