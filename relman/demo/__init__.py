"""The embedded world: a GitHub that lives on this machine's loopback, for the demo, the tests and the pictures.

It shares no code with the rooms that read it, so that both cannot be wrong together.
"""
