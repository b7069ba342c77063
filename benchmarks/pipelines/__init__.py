"""Speed and memory of whole runs, beside peers and inside engines; what site memory brings."""
