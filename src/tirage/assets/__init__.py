"""What pictures and fonts are made from: fetched through the guard, read from files, decoded from `data:` URLs."""
