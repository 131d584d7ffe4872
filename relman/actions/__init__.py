"""The only road to a change: gather, plan, confirm, run, journal."""
