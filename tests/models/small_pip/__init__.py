"""The folder that programs of the hub's tests find their pip in."""
