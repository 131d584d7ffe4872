"""Facts, rules and plans: frozen dataclasses and pure functions. No I/O and no clock; time is an argument."""
