"""Work on many processes or machines: the thin layer over this machine's processes, Ray Data and Accelerate."""
