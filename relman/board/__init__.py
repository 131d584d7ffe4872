"""Keeps one immutable board current: what is due, asked within a budget, kept across starts."""
