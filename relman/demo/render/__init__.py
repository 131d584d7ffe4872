"""How the world's records look on the wire: every key that GitHub's own description requires."""
