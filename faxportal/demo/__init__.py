"""The demo office: what `make run` shows. Nothing here is used outside development."""
