"""What keeps a suite in order: the check of its cases and images, and the sheet that shows them."""
