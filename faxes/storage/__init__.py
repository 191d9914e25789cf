"""Where files are kept: in a folder or behind an S3-compatible door, sealed or plain, always read the same way."""
