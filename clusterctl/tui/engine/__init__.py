"""What runs behind the screens: looks and questions in threads of their own, and how the servers are reached.

Never draws, and never touches a widget: whatever comes is posted as a message, to be heard on the console's own thread.
"""
