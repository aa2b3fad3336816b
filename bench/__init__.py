"""What is fast, measured beside what it competes with: ratios of CPU in one run, each part in its own process."""
