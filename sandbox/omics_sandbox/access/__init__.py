"""Who calls which API: recorded, and refused if so wished where the policies of a role do not allow it."""
