"""Widgets. All of them draw lines of pieces; none of them reads markup."""
