"""What must be kept so that points can be replaced, removed and put back."""
