"""The door from both sides: what is said through it, who may speak, and what becomes of who meets a bad one."""
