"""EventBridge's delivery: from an event on a bus to the targets of the rules that it matches."""
