"""Facts, rules and plans: frozen msgspec structs and pure functions. No I/O and no clock; time is an argument."""
