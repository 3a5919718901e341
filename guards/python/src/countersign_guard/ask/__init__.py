"""Asking the issuer about sessions while the feed is late: ``asker`` has the questions, ``endpoint`` is the one request."""
