"""Commands: declared once, each gives its keys, its footer entry, its palette entry and its help row."""
