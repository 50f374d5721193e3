"""A stand-in for the Kubernetes API server: real kubectl in front, memory behind.

Read in this order: resources (what kinds there are), selectors, patches, store (the state and
its laws), workloads (what controllers would do), fixture, tables, faults, server (the wire).
"""
