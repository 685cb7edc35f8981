"""Recipes of one stage, on anybody's files: each is a command too."""
