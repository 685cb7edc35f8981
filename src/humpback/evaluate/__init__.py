"""Measurements without an outside service: each gives rows with n and standard error."""
