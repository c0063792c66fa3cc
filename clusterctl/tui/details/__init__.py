"""What is known of one thing: the pane, and what it shows of each kind of subject. Never asks a server by itself."""
