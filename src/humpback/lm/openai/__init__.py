"""`openai:NAME`: any server that speaks this language."""

from humpback.lm.openai.backend import open as open
