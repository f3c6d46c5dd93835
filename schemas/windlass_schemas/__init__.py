"""What people write, as pydantic models. No I/O; imports nothing else of ours."""
