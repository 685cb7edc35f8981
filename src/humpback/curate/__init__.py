"""Which pairs are good: guards, the judge, likelihood, selection."""
