"""The explorer: every path of a workflow within stated bounds, on the step functions of the engine."""
