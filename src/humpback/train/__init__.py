"""Training by TRL, in a child process that ends, so that its memory is free for the next stage."""
