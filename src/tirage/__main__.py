"""`python -m tirage` is `tirage`."""

from __future__ import annotations

from tirage.cli import main

if __name__ == "__main__":
    main()
