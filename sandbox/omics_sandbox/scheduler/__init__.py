"""EventBridge Scheduler: schedules that fire at their times, and what they invoke."""
