"""The sections of reports, a file each: `PLACE`, and `sections(found)` with what it has to say of a run, or nothing."""
