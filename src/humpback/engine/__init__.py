"""Engines run jobs, here or elsewhere; they know nothing of Parquet, stages or models."""
