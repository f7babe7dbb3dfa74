"""Pages, tables and texts of results."""
