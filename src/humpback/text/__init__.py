"""What pages and pairs both need: sentences, language, near-duplicates, redaction, contamination."""
