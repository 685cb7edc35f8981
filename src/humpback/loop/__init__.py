"""What recipes share: models of either role, the rounds of self-curation, and arms that are compared."""
