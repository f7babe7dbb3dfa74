"""Files and packages that something needs: what comes packed with A2Bench, and what has to be installed."""
