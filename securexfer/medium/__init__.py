"""What kind of medium a path is on, which one it is, and what it can hold."""
