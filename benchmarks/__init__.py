"""Each published number and each rival, measured side by side: `python -m benchmarks NAME [--quick]`."""
