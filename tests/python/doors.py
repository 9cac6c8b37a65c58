"""Runs OpenAlgo's own client against the doors that stand in for OpenAlgo.

Usage: doors.py URL SECRET. Prints what was wrong and exits with 1, or exits with 0.
"""

import sys

import pandas
from openalgo import api

NOT_GATED = "not gated, not sent"

GOLD = {"symbol": "GOLDM1!", "exchange": "MCX"}


def order(**more):
    return {**GOLD, "action": "BUY", "product": "NRML", "quantity": 2, **more}


def gated(client):
    """Yields what was wrong with orders."""
    placed = client.placeorder(**order(price=78500, stop=77500))
    number = placed.get("orderid", "")
    if placed.get("status") != "success" or len(number) != 14 or not number.isdigit():
        yield f"placeorder: {placed}"
    for name, answer in (
        ("orderstatus", client.orderstatus(order_id=number)),
        ("cancelorder", client.cancelorder(order_id=number)),
        ("orderbook", client.orderbook()),
    ):
        if answer.get("status") != "success":
            yield f"{name}: {answer}"
    book = client.orderbook()["data"]["orders"]
    if [row["orderid"] for row in book] != [number] or book[0]["order_status"] != "cancelled":
        yield f"orderbook: {book}"
    flat = client.placesmartorder(**order(action="SELL", quantity=0, position_size=0))
    if flat.get("status") != "success" or "No Action needed" not in flat.get("message", ""):
        yield f"placesmartorder: {flat}"
    near = client.placeorder(**order(price=78500, stop=78499))
    if near.get("status") != "error" or "[stop_distance]" not in near.get("message", ""):
        yield f"placeorder with a stop at the price: {near}"


def refused(client):
    """Yields what was wrong with routes that no gate stands behind."""
    for name, answer in (
        ("basketorder", client.basketorder(orders=[order()])),
        ("splitorder", client.splitorder(**order(quantity=2, splitsize=1))),
        ("modifyorder", client.modifyorder(order_id="1", **order(price=1))),
        ("cancelallorder", client.cancelallorder()),
        ("closeposition", client.closeposition()),
    ):
        if NOT_GATED not in str(answer):
            yield f"{name}: {answer}"


def passed_on(client):
    """Yields what was wrong with reads."""
    found = client.search(query="BANKNIFTY", exchange="NFO")["data"][0]["symbol"]
    future = {"symbol": found, "exchange": "NFO"}
    days = {"start_date": "2026-11-16", "end_date": "2026-11-17"}
    for name, answer in (
        ("quotes", client.quotes(**future)),
        ("multiquotes", client.multiquotes(symbols=[future])),
        ("depth", client.depth(**future)),
        ("history", client.history(**future, interval="15m", **days)),
        ("symbol", client.symbol(**future)),
        ("search", client.search(query="BANKNIFTY", exchange="NFO")),
        ("expiry", client.expiry(symbol="BANKNIFTY", exchange="NFO", instrumenttype="futures")),
        ("intervals", client.intervals()),
        ("funds", client.funds()),
        ("positionbook", client.positionbook()),
        ("tradebook", client.tradebook()),
        ("holdings", client.holdings()),
    ):
        if isinstance(answer, pandas.DataFrame):
            continue
        if answer.get("status") != "success":
            yield f"{name}: {answer}"


def main():
    url, secret = sys.argv[1:]
    client = api(api_key=secret, host=url)
    wrong = [*gated(client), *refused(client), *passed_on(client)]
    stranger = api(api_key="wrong", host=url).orderbook()
    if stranger.get("code") != 403:
        wrong.append(f"a wrong key: {stranger}")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
