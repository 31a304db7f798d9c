"""Machine-readable codes: a value → modules that are dark or light, and their outline."""
