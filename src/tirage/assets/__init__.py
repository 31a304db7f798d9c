"""Pictures and fonts from outside: fetched, kept, checked, and handed to the engine as bytes."""
