"""A stand-in for Telnyx's fax API, written from Telnyx's documents. README.md says what it does and how to steer it."""
