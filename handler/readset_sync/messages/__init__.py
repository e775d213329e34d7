"""What the queue carries, and how it is read: pure, no AWS calls."""
