"""Model providers: the official SDKs and the embedded local one, behind one protocol."""
