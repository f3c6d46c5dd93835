"""Secrets: today the server's own keys; references of workflows are resolved by providers that come beside them."""
