"""Pages in, answers out: read -> segment -> rules -> language -> dedup -> sample."""
