"""What recipes share: models of either role, the rounds of self-curation, and arms that are compared."""

# The model that is trained on as many pairs drawn blindly.
UNCURATED = "M_uncurated"
