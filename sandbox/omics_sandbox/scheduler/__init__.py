"""EventBridge Scheduler: schedules, and what they invoke."""
