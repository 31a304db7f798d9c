"""The HTTP interface: requests in, pictures and JSON out; it draws nothing and decodes nothing itself."""
