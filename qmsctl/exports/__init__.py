"""What leaves the system for other systems and for inspectors, one module for each."""
