"""What a training process runs: here, and in two backends, torch is imported."""
