"""Files that outlive the attempt that made them: the object store, and artifacts in it."""
