"""The word list as types: frozen, slotted, closed. Imports nothing of ours but errors."""
