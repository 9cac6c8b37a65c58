//! OpenAlgo's routes: their schemas, limits and doors.

mod account;
mod analyzer;
mod hours;
mod many;
mod market;
mod master;
mod orders;
mod place;

pub(super) use master::BROKER;
pub(super) use orders::DISCONNECTED;
pub(super) use place::hung;

use super::answer::{Answer, Style};
use super::house::House;
use super::schema::{EXCHANGES, Field, Form, Kind, may, must};

/// One route below `/api/v1/`.
pub(super) struct Route {
    /// Its path there.
    pub(super) path: &'static str,
    /// What its body may hold.
    pub(super) schema: &'static [Field],
    /// How it writes schema errors.
    pub(super) style: Style,
    /// Calls a second and sender.
    pub(super) per_second: usize,
    /// What it asks of the key.
    pub(super) access: Access,
    /// Whether its answers carry `mode` in analyze mode.
    pub(super) moded: bool,
    /// What it does.
    pub(super) perform: fn(&mut House, &Form) -> Answer,
}

/// What a route asks of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// A key with a broker session.
    Session,
    /// A key.
    Key,
    /// Nothing: it does not look.
    Open,
}

/// Calls a second on the routes that place, change or cancel one order.
const ORDER_LIMIT: usize = 10;

/// Calls a second on all other routes.
const API_LIMIT: usize = 50;

const ACTIONS: Kind = Kind::OneOf(&["BUY", "SELL", "buy", "sell"]);
const PRICE_TYPES: Kind = Kind::OneOf(&["MARKET", "LIMIT", "SL", "SL-M"]);
const PRODUCTS: Kind = Kind::OneOf(&["MIS", "NRML", "CNC"]);
const EXCHANGE: Kind = Kind::OneOf(EXCHANGES);
const PRICE: Kind = Kind::NotNegative("Price");
const TRIGGER: Kind = Kind::NotNegative("Trigger price");
const APIKEY: Field = must("apikey", Kind::Key);
const STRATEGY: Field = must("strategy", Kind::Text);

const ONLY_KEY: &[Field] = &[APIKEY];
const ONLY_STRATEGY: &[Field] = &[APIKEY, STRATEGY];
const CONTRACT: &[Field] = &[
    APIKEY,
    must("symbol", Kind::Text),
    must("exchange", EXCHANGE),
];
const PLACE: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("exchange", EXCHANGE),
    must("symbol", Kind::Text),
    must("action", ACTIONS),
    must("quantity", Kind::Quantity),
    may("pricetype", PRICE_TYPES),
    may("product", PRODUCTS),
    may("price", PRICE),
    may("trigger_price", TRIGGER),
    may("disclosed_quantity", Kind::Integer),
    may("underlying_ltp", Kind::NumberOrNull),
];
const SMART: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("exchange", EXCHANGE),
    must("symbol", Kind::Text),
    must("action", ACTIONS),
    must("quantity", Kind::QuantityOrZero),
    must("position_size", Kind::Number),
    may("pricetype", PRICE_TYPES),
    may("product", PRODUCTS),
    may("price", PRICE),
    may("trigger_price", TRIGGER),
    may("disclosed_quantity", Kind::Integer),
];
const BASKET: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("orders", Kind::List(BASKET_ITEM, 0, usize::MAX, "")),
];
const BASKET_ITEM: &[Field] = &[
    must("exchange", EXCHANGE),
    must("symbol", Kind::Text),
    must("action", ACTIONS),
    must("quantity", Kind::Quantity),
    may("pricetype", PRICE_TYPES),
    may("product", PRODUCTS),
    may("price", PRICE),
    may("trigger_price", TRIGGER),
    may("disclosed_quantity", Kind::Integer),
];
const SPLIT: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("exchange", EXCHANGE),
    must("symbol", Kind::Text),
    must("action", ACTIONS),
    must("quantity", Kind::Quantity),
    must("splitsize", Kind::SplitSize),
    may("pricetype", PRICE_TYPES),
    may("product", PRODUCTS),
    may("price", PRICE),
    may("trigger_price", TRIGGER),
    may("disclosed_quantity", Kind::Integer),
];
const MODIFY: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("exchange", EXCHANGE),
    must("symbol", Kind::Text),
    must("orderid", Kind::Text),
    must("action", ACTIONS),
    must("product", PRODUCTS),
    must("pricetype", PRICE_TYPES),
    must("price", PRICE),
    must("quantity", Kind::Quantity),
    must("disclosed_quantity", Kind::Integer),
    must("trigger_price", TRIGGER),
];
const ONE_ORDER: &[Field] = &[APIKEY, STRATEGY, must("orderid", Kind::Text)];
const OPEN_POSITION: &[Field] = &[
    APIKEY,
    STRATEGY,
    must("symbol", Kind::Text),
    must("exchange", Kind::Text),
    must("product", PRODUCTS),
];
const MARGIN: &[Field] = &[
    APIKEY,
    must(
        "positions",
        Kind::List(MARGIN_ITEM, 1, 50, "Positions must contain 1 to 50 items."),
    ),
];
const MARGIN_ITEM: &[Field] = &[
    must("symbol", Kind::Text),
    must("exchange", EXCHANGE),
    must("action", ACTIONS),
    must("quantity", Kind::Text),
    must("product", PRODUCTS),
    must("pricetype", PRICE_TYPES),
    may("price", Kind::Text),
    may("trigger_price", Kind::Text),
];
const MULTIQUOTES: &[Field] = &[
    APIKEY,
    must(
        "symbols",
        Kind::List(
            &[must("symbol", Kind::Text), must("exchange", EXCHANGE)],
            1,
            usize::MAX,
            "Shorter than minimum length 1.",
        ),
    ),
];
const INTERVALS: Kind = Kind::OneOf(&[
    "1s", "5s", "10s", "15s", "30s", "45s", "1m", "2m", "3m", "5m", "10m", "15m", "20m", "30m",
    "1h", "2h", "3h", "4h", "D", "W", "M", "Q", "Y",
]);
const HISTORY: &[Field] = &[
    APIKEY,
    must("symbol", Kind::Text),
    must("exchange", EXCHANGE),
    must("interval", INTERVALS),
    must("start_date", Kind::Date),
    must("end_date", Kind::Date),
    may("source", Kind::OneOf(&["api", "db"])),
];
const SEARCH: &[Field] = &[APIKEY, must("query", Kind::Text), may("exchange", EXCHANGE)];
const EXPIRY: &[Field] = &[
    APIKEY,
    must("symbol", Kind::Text),
    must(
        "exchange",
        Kind::OneOf(&["NFO", "BFO", "MCX", "CDS", "NCO", "BCD", "NCDEX", "CRYPTO"]),
    ),
    must("instrumenttype", Kind::OneOf(&["futures", "options"])),
];
const TOGGLE: &[Field] = &[APIKEY, must("mode", Kind::Truth)];
const HOLIDAYS: &[Field] = &[APIKEY, may("year", Kind::Integer)];
const TIMINGS: &[Field] = &[APIKEY, must("date", Kind::Date)];

const ORDER: Route = Route {
    path: "",
    schema: ONLY_KEY,
    style: Style::Repr,
    per_second: ORDER_LIMIT,
    access: Access::Session,
    moded: true,
    perform: |_, _| Answer::not_found(""),
};
const ORDERS: Route = Route {
    per_second: API_LIMIT,
    ..ORDER
};
const BOOK: Route = Route {
    style: Style::Object,
    ..ORDERS
};
const DATA: Route = Route {
    moded: false,
    ..BOOK
};

/// Every route of the verb POST.
#[rustfmt::skip]
static ROUTES: &[Route] = &[
    Route { path: "placeorder", schema: PLACE, perform: place::one, ..ORDER },
    Route { path: "placesmartorder", schema: SMART, perform: many::smart, ..ORDER },
    Route { path: "modifyorder", schema: MODIFY, perform: orders::modify, ..ORDER },
    Route { path: "cancelorder", schema: ONE_ORDER, perform: orders::cancel, ..ORDER },
    Route { path: "basketorder", schema: BASKET, perform: many::basket, ..ORDERS },
    Route { path: "splitorder", schema: SPLIT, perform: many::split, ..ORDERS },
    Route { path: "cancelallorder", schema: ONLY_STRATEGY, perform: orders::cancel_all, ..ORDERS },
    Route { path: "closeposition", schema: ONLY_STRATEGY, perform: orders::close, ..ORDERS },
    Route { path: "orderstatus", schema: ONE_ORDER, perform: orders::status, ..ORDERS },
    Route { path: "openposition", schema: OPEN_POSITION, perform: account::open_position, ..ORDERS },
    Route { path: "margin", schema: MARGIN, perform: account::margin, moded: false, ..ORDERS },
    Route { path: "analyzer", perform: analyzer::status, moded: false, ..ORDERS },
    Route { path: "analyzer/toggle", schema: TOGGLE, perform: analyzer::toggle, moded: false, ..ORDERS },
    Route { path: "orderbook", perform: orders::book, ..BOOK },
    Route { path: "tradebook", perform: orders::trades, ..BOOK },
    Route { path: "positionbook", perform: account::positions, ..BOOK },
    Route { path: "holdings", perform: account::holdings, ..BOOK },
    Route { path: "funds", perform: account::funds, ..BOOK },
    Route { path: "quotes", schema: CONTRACT, perform: market::quotes, ..DATA },
    Route { path: "multiquotes", schema: MULTIQUOTES, perform: market::multiquotes, ..DATA },
    Route { path: "depth", schema: CONTRACT, perform: market::depth, ..DATA },
    Route { path: "history", schema: HISTORY, perform: market::history, ..DATA },
    Route { path: "intervals", perform: market::intervals, ..DATA },
    Route { path: "symbol", schema: CONTRACT, perform: master::symbol, ..DATA },
    Route { path: "search", schema: SEARCH, perform: master::search, access: Access::Key, ..DATA },
    Route { path: "expiry", schema: EXPIRY, perform: master::expiry, access: Access::Key, ..DATA },
    Route { path: "ping", perform: master::ping, ..DATA },
    Route { path: "market/holidays", schema: HOLIDAYS, perform: hours::holidays, access: Access::Open, ..DATA },
    Route { path: "market/timings", schema: TIMINGS, perform: hours::timings, access: Access::Open, ..DATA },
];

/// The one route that is read with GET; its fields are in the query.
static INSTRUMENTS: Route = Route {
    path: "instruments",
    schema: &[
        APIKEY,
        may("exchange", EXCHANGE),
        may("format", Kind::OneOf(&["json", "csv"])),
    ],
    perform: master::instruments,
    access: Access::Key,
    ..DATA
};

/// Returns the route of a verb and a path below `/api/v1/`.
pub(super) fn find(verb: &str, path: &str) -> Option<&'static Route> {
    let path = path.strip_suffix('/').unwrap_or(path);
    match verb {
        "POST" => ROUTES.iter().find(|route| route.path == path),
        "GET" => Some(&INSTRUMENTS).filter(|route| route.path == path),
        _ => None,
    }
}

/// Returns whether any verb has this path.
pub(super) fn known(path: &str) -> bool {
    find("POST", path).or_else(|| find("GET", path)).is_some()
}
