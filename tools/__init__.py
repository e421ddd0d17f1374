"""Ground: operations, the catalogue and calling services; knows no workflow."""
