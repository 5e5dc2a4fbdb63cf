//! What happens: decide, fold, lanes, limits, retry, breaker, dispatch.
