"""The routes, one file a resource; `api/app.py` lists them all."""
