"""What evalbot does: one activity a file, each readable on one screen."""
