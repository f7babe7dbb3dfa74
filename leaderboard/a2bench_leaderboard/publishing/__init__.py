"""From a board's folder to readers: a server for a look, and copies to where people find it."""
