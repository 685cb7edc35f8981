"""Measurements without an outside service. Each is an origin of metric rows for `run.put`: a config that holds all that they
depend on, and a function of it (and of `open`, where it asks models).
"""
