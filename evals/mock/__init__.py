"""Cases as endpoints on a socket: a model's and services', for whoever tests from another language."""
