"""What Git knows about the items."""
