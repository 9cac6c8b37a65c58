"""Holds Torana's trades against those of backtesting.py and vectorbt, over the same bars.

    cargo bench --bench history -- --peers DIR      # our side: writes bars and trades into DIR
    python3.11 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/compare.py DIR

The strategy is told in ours.rs. Not part of the checks: it needs the network once.
"""

import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")

EVERY, RANGE, TRAIL, UNITS, CAPITAL = 40, 600.0, 1200.0, 10, 50_000_000.0

# Each is run so often; the fastest counts, as everything else on a machine only adds to it.
RUNS = 3


def fastest(run):
    best = None
    for _ in range(RUNS):
        began = time.perf_counter()
        result = run()
        took = time.perf_counter() - began
        best = took if best is None else min(best, took)
    return result, best


def ours(directory):
    with open(directory / "trades.csv") as file:
        rows = list(csv.reader(file))[1:]
    trades = [(int(a), float(b), int(c), float(d)) for a, b, c, d in rows]
    figures = (directory / name for name in ("realised.txt", "nanoseconds.txt"))
    return trades, *(float(figure.read_text()) for figure in figures)


def by_backtesting(closes):
    from backtesting import Backtest, Strategy

    class Trailed(Strategy):
        def init(self):
            self.stop = self.best = 0.0

        def next(self):
            bar, close = len(self.data) - 1, self.data.Close[-1]
            if self.position:
                if close <= self.stop:
                    self.position.close()
                    return
                self.best = max(self.best, close)
                self.stop = max(self.stop, self.best - TRAIL)
            elif bar % EVERY == 0:
                self.buy(size=UNITS)
                self.stop, self.best = close - RANGE, close

    index = pd.date_range("2025-02-03", periods=len(closes), freq="10s")
    frame = pd.DataFrame({name: closes for name in ("Open", "High", "Low", "Close")}, index=index)
    test = Backtest(frame, Trailed, cash=CAPITAL, trade_on_close=True)
    result, took = fastest(test.run)
    rows = result["_trades"]
    trades = [
        (int(a), float(b), int(c), float(d))
        for a, b, c, d in zip(rows.EntryBar, rows.EntryPrice, rows.ExitBar, rows.ExitPrice)
    ]
    return trades, CAPITAL + float(rows.PnL.sum()), took


def by_vectorbt(closes):
    import vectorbt as vbt
    from numba import njit
    from vectorbt.portfolio import nb
    from vectorbt.portfolio.enums import NoOrder

    @njit
    def prepare(context):
        return (np.array([0.0, 0.0]),)

    @njit
    def order(context, state):
        close = context.close[context.i, context.col]
        if context.position_now > 0:
            if close <= state[0]:
                return nb.order_nb(size=-context.position_now, price=close)
            state[1] = max(state[1], close)
            state[0] = max(state[0], state[1] - TRAIL)
        elif context.i > 0 and context.i % EVERY == 0:
            state[0], state[1] = close - RANGE, close
            return nb.order_nb(size=UNITS, price=close)
        return NoOrder

    series = pd.Series(closes)

    def run():
        return vbt.Portfolio.from_order_func(
            series, order, pre_sim_func_nb=prepare, init_cash=CAPITAL
        )

    began = time.perf_counter()
    run()
    first = time.perf_counter() - began
    portfolio, took = fastest(run)
    rows = portfolio.trades.records
    rows = rows[rows["status"] == 1]
    trades = [
        (int(a), float(b), int(c), float(d))
        for a, b, c, d in zip(rows.entry_idx, rows.entry_price, rows.exit_idx, rows.exit_price)
    ]
    print(f"vectorbt, first run with its compiler: {first:.1f} s")
    return trades, CAPITAL + float(rows.pnl.sum()), took


def main():
    directory = Path(sys.argv[1])
    closes = np.loadtxt(directory / "closes.csv")
    expected, realised, each = ours(directory)
    print(f"torana: {len(expected)} trades, realised {realised:.2f}, {each:.0f} ns a bar")
    failed = False
    for name, run in (("backtesting.py", by_backtesting), ("vectorbt", by_vectorbt)):
        trades, equity, took = run(closes)
        same = trades == expected and abs(equity - realised) < 0.01
        failed |= not same
        each = took * 1e9 / len(closes)
        print(
            f"{name}: {len(trades)} trades, realised {equity:.2f}, "
            f"{'the same trades' if same else 'DIFFERS'}, {each:.0f} ns a bar"
        )
        if not same:
            apart = [pair for pair in zip(expected, trades) if pair[0] != pair[1]]
            print("  first difference, ours and theirs:", apart[:1])
    sys.exit(failed)


if __name__ == "__main__":
    main()
