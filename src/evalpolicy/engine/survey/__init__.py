"""What the web page shows besides findings: the fleet, its fixtures and sizes, jobs and trend."""
