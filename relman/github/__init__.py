"""GitHub's REST API: requests and answers as values, then a thin shell that sends them."""
