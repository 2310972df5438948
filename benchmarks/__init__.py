"""`make bench`: what Webcare does on this machine, as a table and as build/bench.json."""
