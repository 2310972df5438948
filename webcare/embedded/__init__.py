"""PostgreSQL and Redis from wheels, and the group of processes that `make demo` runs."""
