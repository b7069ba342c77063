"""Files in and out: what is read, how its bytes were read, and writing that cannot be half done."""
