"""Motion: workflows compiled to state graphs and run over a journal."""
