//! The port to the broker and its OpenAlgo adapter.
