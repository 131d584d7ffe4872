"""Text that would harm a terminal, and what no output may hold."""

import re

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[31mred\x9b1mC1\x9d0;title\x9c\u202eevil\u2066\x00\x07\x08\x7f"
    "[red]markup[/] [@click=app.quit]x[/] 😀 e\u0301 \ufeff\r\nsecond\tline " + "x" * 10_000
)
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
