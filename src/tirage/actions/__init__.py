"""The verbs: what the command line, the worker and the API do, one file each."""
