//! Scope, limits and facts → verdict. Pure.
