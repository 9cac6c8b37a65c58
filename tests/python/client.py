"""Runs every method of OpenAlgo's own client against a simulator, REST and feed.

Usage: client.py REST_URL FEED_URL KEY. Prints what was wrong and exits with 1, or exits with 0.
"""

import sys
import threading

import pandas
from openalgo import api

# The simulator has no options and sends no messages; a strategy's webhook is another server's.
NOT_SERVED = {
    "optiongreeks",
    "optionsorder",
    "optionsymbol",
    "optionsmultiorder",
    "optionchain",
    "syntheticfuture",
    "telegram",
}

# Methods that are not calls of their own: tools of the client, and the feed's, tried in feed().
OF_THE_CLIENT = {"interval", "connect", "disconnect", "get_ltp", "get_quotes", "get_depth"} | {
    f"{way}_{mode}" for way in ("subscribe", "unsubscribe") for mode in ("ltp", "quote", "depth")
}

READS = {"ltp": "get_ltp", "quote": "get_quotes", "depth": "get_depth"}

SBIN = {"symbol": "SBIN", "exchange": "NSE"}
FUTURE = {"symbol": "BANKNIFTY24NOV26FUT", "exchange": "NFO"}


def order(**more):
    return {**SBIN, "action": "BUY", "product": "MIS", "quantity": 10, **more}


def calls(client):
    """Yields the name of each method and what it returned."""
    placed = client.placeorder(**order())
    yield "placeorder", placed
    resting = client.placeorder(**order(price_type="LIMIT", price=700))
    yield "placeorder", resting
    stop = client.placeorder(**order(action="SELL", price_type="SL", price=690, trigger_price=700))
    yield "placeorder", stop
    yield "placesmartorder", client.placesmartorder(**order(position_size=5))
    yield "basketorder", client.basketorder(orders=[order(), order(action="SELL")])
    yield "splitorder", client.splitorder(**order(quantity=25, splitsize=10))
    yield "orderstatus", client.orderstatus(order_id=placed["orderid"])
    yield "openposition", client.openposition(**SBIN, product="MIS")
    changed = order(quantity=11, price=701)
    yield "modifyorder", client.modifyorder(order_id=resting["orderid"], **changed)
    yield "cancelorder", client.cancelorder(order_id=resting["orderid"])
    yield "cancelallorder", client.cancelallorder()
    position = {**FUTURE, "action": "BUY", "product": "NRML", "pricetype": "MARKET"}
    yield "margin", client.margin(positions=[{**position, "quantity": "30"}])
    for name in ("funds", "orderbook", "tradebook", "positionbook", "holdings"):
        yield name, getattr(client, name)()
    yield "closeposition", client.closeposition()
    yield "quotes", client.quotes(**SBIN)
    yield "multiquotes", client.multiquotes(symbols=[SBIN, FUTURE])
    yield "depth", client.depth(**SBIN)
    yield "symbol", client.symbol(**FUTURE)
    yield "search", client.search(query="BANKNIFTY", exchange="NFO")
    yield "expiry", client.expiry(symbol="BANKNIFTY", exchange="NFO", instrumenttype="futures")
    yield "intervals", client.intervals()
    days = {"start_date": "2026-11-18", "end_date": "2026-11-19"}
    for interval in ("15m", "D"):
        yield "history", client.history(**SBIN, interval=interval, **days)
    yield "instruments", client.instruments(exchange="NFO")
    yield "holidays", client.holidays(2026)
    yield "timings", client.timings("2026-11-20")
    yield "analyzerstatus", client.analyzerstatus()
    yield "analyzertoggle", client.analyzertoggle(mode=True)
    yield "analyzertoggle", client.analyzertoggle(mode=False)


def rest(client):
    """Returns what was wrong with the answers, and the methods nobody called."""
    wrong, called = [], set()
    for name, answer in calls(client):
        called.add(name)
        if isinstance(answer, pandas.DataFrame):
            if answer.empty:
                wrong.append(f"{name}: an empty table")
        elif answer.get("status") != "success":
            wrong.append(f"{name}: {answer}")
    known = {
        name
        for part in type(client).__mro__
        if part.__module__.startswith("openalgo.") and "indicators" not in part.__module__
        for name in vars(part)
        if not name.startswith("_") and callable(getattr(part, name))
    }
    missed = known - called - NOT_SERVED - OF_THE_CLIENT
    return wrong + [f"{name}: not called" for name in sorted(missed)]


def feed(client):
    """Returns what was wrong with the feed."""
    if not client.connect():
        return ["connect: no"]
    wrong = []
    for mode in ("ltp", "quote", "depth"):
        seen, came = [], threading.Event()

        def take(data, seen=seen, came=came):
            seen.append(data)
            came.set()

        getattr(client, f"subscribe_{mode}")([SBIN], on_data_received=take)
        if not came.wait(timeout=30):
            wrong.append(f"subscribe_{mode}: no data")
        elif not seen[0]["data"].get("ltp"):
            wrong.append(f"subscribe_{mode}: {seen[0]}")
        kept = getattr(client, READS[mode])(exchange="NSE", symbol="SBIN")
        if "NSE" not in str(kept):
            wrong.append(f"{READS[mode]}: {kept}")
        getattr(client, f"unsubscribe_{mode}")([SBIN])
    client.disconnect()
    return wrong


def main():
    url, feed_url, key = sys.argv[1:]
    client = api(api_key=key, host=url, ws_url=feed_url)
    wrong = rest(client) + feed(client)
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
