"""Charts: series of numbers and their labels → paths and labels inside a box."""
