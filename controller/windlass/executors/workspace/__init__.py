"""The working directory around a program: what fills it before the start, and what is kept of it after the end."""
