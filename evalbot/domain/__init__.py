"""The words of evalbot as frozen values, and the ports through which it meets the world; standard library only."""
