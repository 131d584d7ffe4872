"""Pure presenters: from the board to lines of plain text and tone. Nothing here knows Textual."""
