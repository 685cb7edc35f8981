"""From documents to candidate segments: where the main text is, and where it is cut."""
