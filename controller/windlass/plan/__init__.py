"""Written → planned: a workflow, its inputs and an event become a frozen, content-addressed Plan. Pure."""
