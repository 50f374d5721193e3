//! Command line → invocation: options by the tool's grammar, wrappers peeled off. Pure.
