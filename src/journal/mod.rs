//! The one text form of inputs, facts, book and rules.
