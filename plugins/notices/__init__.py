"""What is said after something was done."""
