//! An exchange to practise on: fills and costs, and an OpenAlgo-speaking server around them.
