"""The issuer's keys: ``source`` fetches them, ``schedule`` says when, ``keeper`` does it."""
