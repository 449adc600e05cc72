"""Host tools: keys, signing, publishing. No private key is ever on a telephone."""
