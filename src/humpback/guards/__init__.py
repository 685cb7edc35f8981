"""Pairs that are none, told before any judge is asked."""
