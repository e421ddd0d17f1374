"""Planning: from a goal to a workflow that is proven before it runs. A model says what; code says how."""
