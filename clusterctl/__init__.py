"""clusterctl: the operator's console and scheduler of a small cluster."""
