"""The feed of ended sessions: ``events`` reads it, ``state`` knows what it says, ``follower`` keeps it coming."""
