"""A policy over HTTP on this machine: the server, its client, and one forward for those who wait together."""
