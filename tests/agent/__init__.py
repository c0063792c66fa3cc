"""The process side of agentd, with real processes and without servers."""
