"""The ways into other people's engines and over many files; no cleaning logic lives here."""
