"""The write side: what is planned, done by workers, and kept in journals."""
