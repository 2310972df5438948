"""The whole product, as `make demo` starts it, driven through a real Chromium."""
