"""Model: the adapter to a model's server, what it is asked, and how its answers are read."""
