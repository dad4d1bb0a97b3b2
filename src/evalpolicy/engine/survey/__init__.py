"""What the web page tells beside findings: the fleet, its fixtures and sizes, jobs and trend."""
