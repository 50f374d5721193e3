//! What satisfies a rung, and the approval that comes of it.
