"""Ways of making pairs: one file per method, of stages and prompts."""
