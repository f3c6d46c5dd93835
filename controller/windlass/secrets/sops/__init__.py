"""SOPS files: decrypted in this process, with age keys that the platform gave."""
