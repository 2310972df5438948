"""A backup in one archive, and back again: the database and the files of one moment, checked before it is believed."""
