//! The WebSocket feed: prices and order updates as they happen.
//!
//! 1. The feed is news, never proof: it loses and repeats frames, and goes silent without a word.
//!    After every [`FeedEvent::Up`] the books must be read.
//! 2. One session is one step: connect, authenticate, subscribe, listen until something ends it. In
//!    doubt (a broker error, silence) it ends and begins anew, because OpenAlgo keeps mute sockets.
//! 3. A full channel drops prices, never order updates.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

use super::client::install_crypto;
use super::frames::{self, Frame, Tick};
use crate::broker::OrderRow;
use crate::domain::order::Exchange;

/// The contracts whose prices are wanted.
pub type Wanted = BTreeSet<(Exchange, String)>;

/// How many contracts one message names: a frame of a few kilobytes.
const SYMBOLS_PER_MESSAGE_MAX: usize = 50;

/// A frame of five levels of depth has two kilobytes; this is far above anything sensible.
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// How long to wait before session after session that did not last.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

/// Where the feed is, and how patient we are with it.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// Its address, as `ws://127.0.0.1:8765`.
    pub url: String,
    /// OpenAlgo's key.
    pub key: SecretString,
    /// How long connecting and getting in may each take; OpenAlgo connects the broker meanwhile.
    pub entry: Duration,
    /// How often we ask for a life sign.
    pub ping: Duration,
    /// How long nothing at all may come before we start anew.
    pub silence: Duration,
    /// How long to wait before each next session; the last holds for all later ones. A session
    /// that lasted longer than that starts the row anew.
    pub pauses: [Duration; 6],
}

impl FeedSettings {
    /// Returns the settings with the usual patience: 20 s to get in, a ping every 10 s, 30 s of
    /// silence, pauses from 1 s to 1 min.
    pub fn new(url: &str, key: SecretString) -> Self {
        Self {
            url: url.to_owned(),
            key,
            entry: Duration::from_secs(20),
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            pauses: PAUSES,
        }
    }
}

/// What the feed tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// It is on: what happened before is unknown, read the books.
    Up,
    /// It is off, and why.
    Down(String),
    /// A price.
    Tick(Tick),
    /// An order as it now stands.
    Order(Box<OrderRow>),
    /// A subscription was refused: the contract's prices must be read otherwise.
    Refused(String),
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// We were told to stop, or nobody listens any more.
    #[error("stopped")]
    Stopped,
    /// The connection could not be made, or broke.
    #[error("the connection failed")]
    Connection(#[from] Box<tungstenite::Error>),
    /// The server closed it.
    #[error("the server closed it: {0}")]
    Closed(String),
    /// It did not answer in time, or went silent.
    #[error("no word from it: {0}")]
    Silent(&'static str),
    /// It would not let us in, or lost its broker.
    #[error("{code}: {text}")]
    Refused {
        /// OpenAlgo's code.
        code: String,
        /// OpenAlgo's words.
        text: String,
    },
}

/// The feed of one OpenAlgo.
#[derive(Debug)]
pub struct Feed {
    settings: FeedSettings,
    wanted: watch::Receiver<Wanted>,
    anew: Arc<Notify>,
    failures: usize,
}

impl Feed {
    /// Returns a feed that will follow what is wanted; nothing is connected yet.
    pub fn new(settings: FeedSettings, wanted: watch::Receiver<Wanted>) -> Self {
        install_crypto();
        Self {
            settings,
            wanted,
            anew: Arc::default(),
            failures: 0,
        }
    }

    /// Returns the feed ending its session whenever it is told so: a new one authenticates and
    /// subscribes again, which is what wakes a feed that went mute when the broker was logged in
    /// anew.
    #[must_use]
    pub fn anew_when(mut self, told: Arc<Notify>) -> Self {
        self.anew = told;
        self
    }

    /// Runs session after session until `stop`, or until nobody listens.
    pub async fn run(mut self, events: mpsc::Sender<FeedEvent>, stop: CancellationToken) {
        loop {
            let began = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&events) => ended,
            };
            if matches!(ended, Ended::Stopped) {
                return;
            }
            let down = FeedEvent::Down(described(&ended));
            tokio::select! {
                () = stop.cancelled() => return,
                sent = events.send(down) => if sent.is_err() { return },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(self.pause(began.elapsed())) => {}
            }
        }
    }

    /// Returns how long to wait after a session that lasted so long, and counts it.
    fn pause(&mut self, lasted: Duration) -> Duration {
        let [.., longest] = self.settings.pauses;
        if lasted > longest {
            self.failures = 0;
        }
        let pause = self.settings.pauses.get(self.failures).copied();
        self.failures = self.failures.saturating_add(1);
        pause.unwrap_or(longest)
    }

    /// Runs one session: gets in, subscribes, and passes on what comes until something ends it.
    pub async fn session(&mut self, events: &mpsc::Sender<FeedEvent>) -> Ended {
        match self.listen(events).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn listen(
        &mut self,
        events: &mpsc::Sender<FeedEvent>,
    ) -> Result<core::convert::Infallible, Ended> {
        let mut line = Line::open(&self.settings).await?;
        line.enter(&self.settings).await?;
        line.say(frames::subscribe_orders()).await?;
        let mut have = Wanted::new();
        tell(events, FeedEvent::Up).await?;
        line.follow(&mut have, &mut self.wanted).await?;
        let mut ping_at = Instant::now() + self.settings.ping;
        let mut silent_at = Instant::now() + self.settings.silence;
        loop {
            tokio::select! {
                frame = line.hear() => {
                    silent_at = Instant::now() + self.settings.silence;
                    if let Some(frame) = frame? {
                        pass_on(events, frame).await?;
                    }
                }
                () = changed(&mut self.wanted) => line.follow(&mut have, &mut self.wanted).await?,
                () = sleep_until(ping_at) => {
                    ping_at = Instant::now() + self.settings.ping;
                    line.say(frames::ping()).await?;
                }
                () = sleep_until(silent_at) => return Err(Ended::Silent("it went silent")),
                () = self.anew.notified() => return Err(Ended::Silent("it was mute")),
            }
        }
    }
}

/// Waits for the wanted contracts to change; for ever when nobody can change them any more.
async fn changed(wanted: &mut watch::Receiver<Wanted>) {
    if wanted.changed().await.is_err() {
        core::future::pending::<()>().await;
    }
}

async fn tell(events: &mpsc::Sender<FeedEvent>, event: FeedEvent) -> Result<(), Ended> {
    events.send(event).await.map_err(|_closed| Ended::Stopped)
}

/// Passes a frame on, or ends the session when the frame says that it is worth nothing any more.
async fn pass_on(events: &mpsc::Sender<FeedEvent>, frame: Frame) -> Result<(), Ended> {
    match frame {
        Frame::Tick(tick) => match events.try_send(FeedEvent::Tick(tick)) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Ended::Stopped),
        },
        Frame::Order(row) => tell(events, FeedEvent::Order(Box::new(row))).await,
        Frame::Subscribed { refused } => {
            for why in refused {
                tell(events, FeedEvent::Refused(why)).await?;
            }
            Ok(())
        }
        Frame::Error { code, text } if fatal(&code) => Err(Ended::Refused { code, text }),
        Frame::Error { code, text } => {
            tell(events, FeedEvent::Refused(format!("{code}: {text}"))).await
        }
        Frame::Authenticated | Frame::OrdersSubscribed | Frame::Pong | Frame::Other(_) => Ok(()),
    }
}

/// Returns whether an error means that this session will bring nothing more: the broker's adapter
/// is gone, and only a new authentication brings it back.
fn fatal(code: &str) -> bool {
    code.starts_with("BROKER") || code == "NOT_AUTHENTICATED" || code == "AUTHENTICATION_ERROR"
}

/// Returns an error with what is underneath, in one line.
fn described(ended: &Ended) -> String {
    use core::error::Error as _;
    match ended.source() {
        Some(source) => format!("{ended}: {source}"),
        None => ended.to_string(),
    }
}

/// One open connection.
struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// How long it may take to take a message.
    entry: Duration,
}

impl Line {
    async fn open(settings: &FeedSettings) -> Result<Self, Ended> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let connecting = connect_async_with_config(&settings.url, Some(config), true);
        let (socket, _response) = timeout(settings.entry, connecting)
            .await
            .map_err(|_elapsed| Ended::Silent("no connection in time"))?
            .map_err(Box::new)?;
        let entry = settings.entry;
        Ok(Self { socket, entry })
    }

    /// Authenticates and waits for the yes.
    async fn enter(&mut self, settings: &FeedSettings) -> Result<(), Ended> {
        self.say(frames::authenticate(&settings.key)).await?;
        timeout(settings.entry, self.wait_for_yes())
            .await
            .map_err(|_elapsed| Ended::Silent("no answer to our key"))?
    }

    async fn wait_for_yes(&mut self) -> Result<(), Ended> {
        loop {
            match self.hear().await? {
                Some(Frame::Authenticated) => return Ok(()),
                Some(Frame::Error { code, text }) => return Err(Ended::Refused { code, text }),
                Some(
                    Frame::Subscribed { .. }
                    | Frame::OrdersSubscribed
                    | Frame::Tick(_)
                    | Frame::Order(_)
                    | Frame::Pong
                    | Frame::Other(_),
                )
                | None => {}
            }
        }
    }

    /// Subscribes to what is newly wanted and lets go of what is not any more.
    async fn follow(
        &mut self,
        have: &mut Wanted,
        wanted: &mut watch::Receiver<Wanted>,
    ) -> Result<(), Ended> {
        let want = wanted.borrow_and_update().clone();
        let more: Vec<_> = want.difference(have).collect();
        let less: Vec<_> = have.difference(&want).collect();
        for names in more.chunks(SYMBOLS_PER_MESSAGE_MAX) {
            self.say(frames::subscribe(names.iter().copied())).await?;
        }
        for names in less.chunks(SYMBOLS_PER_MESSAGE_MAX) {
            self.say(frames::unsubscribe(names.iter().copied())).await?;
        }
        *have = want;
        Ok(())
    }

    async fn say(&mut self, text: String) -> Result<(), Ended> {
        let sent = timeout(self.entry, self.socket.send(Message::text(text)));
        let sent = sent
            .await
            .map_err(|_elapsed| Ended::Silent("it takes no message"))?;
        Ok(sent.map_err(Box::new)?)
    }

    /// Returns the next frame, or nothing for one without meaning.
    async fn hear(&mut self) -> Result<Option<Frame>, Ended> {
        let next = self.socket.next().await;
        let next = next.ok_or_else(|| Ended::Closed("without a word".to_owned()))?;
        match next.map_err(Box::new)? {
            Message::Text(text) => Ok(Frame::read(&text).ok()),
            Message::Close(why) => Err(Ended::Closed(
                why.map_or_else(String::new, |why| why.to_string()),
            )),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use futures_util::FutureExt as _;
    use serde_json::Value;
    use tungstenite::WebSocket;
    use tungstenite::protocol::CloseFrame;

    use super::*;

    const IN: &str = r#"{"type":"auth","status":"success"}"#;
    const TICK: &str =
        r#"{"type":"market_data","symbol":"SBIN","exchange":"NSE","mode":1,"data":{"ltp":812.45}}"#;
    const ORDER: &str = r#"{"type":"order_update","orderid":"1","symbol":"SBIN","exchange":"NSE","order_status":"open"}"#;

    type Server = WebSocket<TcpStream>;

    /// Starts a server that hands each connection to `serve`; returns settings that lead there.
    fn server(serve: fn(&mut Server)) -> FeedSettings {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut socket = tungstenite::accept(stream.unwrap()).unwrap();
                serve(&mut socket);
            }
        });
        FeedSettings {
            pauses: [Duration::from_millis(1); 6],
            ..FeedSettings::new(&format!("ws://127.0.0.1:{port}"), "topsecret".into())
        }
    }

    fn say(socket: &mut Server, text: &str) {
        socket.send(Message::text(text)).unwrap();
    }

    fn hear(socket: &mut Server) -> Value {
        serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap()
    }

    /// Takes the key and the wish for order updates.
    fn enter(socket: &mut Server) {
        assert_eq!(hear(socket)["api_key"], "topsecret");
        say(socket, IN);
        assert_eq!(hear(socket)["action"], "subscribe_orders");
    }

    /// Serves nothing more until the client leaves.
    fn wait(socket: &mut Server) {
        while socket.read().is_ok() {}
    }

    fn sbin() -> Wanted {
        Wanted::from([(Exchange::Nse, "SBIN".to_owned())])
    }

    /// Runs one session to its end; returns what it told and how it ended.
    async fn session(settings: FeedSettings) -> (Vec<FeedEvent>, Ended) {
        let (_wish, wanted) = watch::channel(sbin());
        let (events, mut told) = mpsc::channel(64);
        let ended = Feed::new(settings, wanted).session(&events).await;
        drop(events);
        let mut all = Vec::new();
        while let Some(event) = told.recv().await {
            all.push(event);
        }
        (all, ended)
    }

    #[tokio::test]
    async fn prices_and_orders_arrive_and_rubbish_does_not() {
        let settings = server(|socket| {
            enter(socket);
            let wish = hear(socket);
            assert_eq!(wish["symbols"][0]["symbol"], "SBIN");
            for frame in ["", "null", "[1]", "{}", r#"{"type":"news"}"#, TICK, ORDER] {
                say(socket, frame);
            }
            socket.send(Message::binary(vec![0, 159, 146])).unwrap();
            socket.close(None).unwrap();
            wait(socket);
        });
        let (told, ended) = session(settings).await;
        assert_eq!(told[0], FeedEvent::Up);
        assert!(matches!(told[1], FeedEvent::Tick(_)), "{told:?}");
        assert!(matches!(told[2], FeedEvent::Order(_)), "{told:?}");
        assert_eq!(told.len(), 3);
        assert!(matches!(ended, Ended::Closed(_)), "{ended:?}");
    }

    #[tokio::test]
    async fn a_wrong_key_ends_the_session_before_it_is_up() {
        let settings = server(|socket| {
            hear(socket);
            let no =
                r#"{"status":"error","code":"AUTHENTICATION_ERROR","message":"Invalid API key"}"#;
            say(socket, no);
            wait(socket);
        });
        let (told, ended) = session(settings).await;
        assert_eq!(told, []);
        assert_eq!(ended.to_string(), "AUTHENTICATION_ERROR: Invalid API key");
    }

    #[tokio::test]
    async fn a_lost_broker_ends_the_session_so_that_the_next_one_authenticates_again() {
        let settings = server(|socket| {
            enter(socket);
            hear(socket);
            let lost =
                r#"{"status":"error","code":"BROKER_ERROR","message":"Broker adapter not found"}"#;
            say(socket, lost);
            wait(socket);
        });
        let (told, ended) = session(settings).await;
        assert_eq!(told, [FeedEvent::Up]);
        assert!(matches!(ended, Ended::Refused { .. }), "{ended:?}");
    }

    #[tokio::test]
    async fn silence_ends_the_session() {
        let mut settings = server(|socket| {
            enter(socket);
            wait(socket);
        });
        settings.silence = Duration::from_millis(50);
        let (_told, ended) = session(settings).await;
        assert!(matches!(ended, Ended::Silent(_)), "{ended:?}");
    }

    #[tokio::test]
    async fn a_closed_socket_says_why() {
        let settings = server(|socket| {
            hear(socket);
            let why = CloseFrame {
                code: 4401.into(),
                reason: "auth timeout".into(),
            };
            socket.close(Some(why)).unwrap();
            wait(socket);
        });
        let (_told, ended) = session(settings).await;
        assert!(ended.to_string().contains("auth timeout"), "{ended}");
    }

    #[tokio::test]
    async fn what_is_wanted_is_followed() {
        let settings = server(|socket| {
            enter(socket);
            assert_eq!(hear(socket)["symbols"][0]["symbol"], "SBIN");
            say(socket, TICK);
            let more = hear(socket);
            assert_eq!(
                (&more["action"], &more["symbols"][0]["symbol"]),
                (&"subscribe".into(), &"TCS".into())
            );
            let less = hear(socket);
            assert_eq!(less["action"], "unsubscribe");
            assert_eq!(less["symbols"][0]["symbol"], "SBIN");
            say(socket, ORDER);
            wait(socket);
        });
        let (wish, wanted) = watch::channel(sbin());
        let (events, mut told) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let feed = Feed::new(settings, wanted).run(events, stop.clone());
        let watching = async {
            assert_eq!(told.recv().await, Some(FeedEvent::Up));
            assert!(matches!(told.recv().await, Some(FeedEvent::Tick(_))));
            wish.send_replace(Wanted::from([(Exchange::Nse, "TCS".to_owned())]));
            assert!(matches!(told.recv().await, Some(FeedEvent::Order(_))));
            stop.cancel();
        };
        tokio::join!(feed, watching);
    }

    #[tokio::test]
    async fn a_lost_feed_comes_back_and_says_so() {
        let settings = server(enter);
        let (_wish, wanted) = watch::channel(Wanted::new());
        let (events, mut told) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let feed = Feed::new(settings, wanted).run(events, stop.clone());
        let watching = async {
            for _ in 0..3 {
                assert_eq!(told.recv().await, Some(FeedEvent::Up));
                assert!(matches!(told.recv().await, Some(FeedEvent::Down(_))));
            }
            stop.cancel();
        };
        tokio::join!(feed, watching);
    }

    #[tokio::test]
    async fn a_full_channel_drops_prices_and_keeps_orders() {
        let (events, mut told) = mpsc::channel(1);
        tell(&events, FeedEvent::Up).await.unwrap();
        let price = Frame::read(TICK).unwrap();
        assert!(pass_on(&events, price).now_or_never().unwrap().is_ok());
        let order = Frame::read(ORDER).unwrap();
        let mut waiting = Box::pin(pass_on(&events, order));
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(told.recv().await, Some(FeedEvent::Up));
        assert!(waiting.await.is_ok());
        assert!(matches!(told.recv().await, Some(FeedEvent::Order(_))));
    }

    #[test]
    fn pauses_grow_and_begin_anew_after_a_session_that_lasted() {
        let settings = FeedSettings::new("ws://127.0.0.1:1", "key".into());
        let (_wish, wanted) = watch::channel(Wanted::new());
        let mut feed = Feed::new(settings, wanted);
        let short = Duration::ZERO;
        let pauses: Vec<u64> = (0..8).map(|_| feed.pause(short).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 5, 10, 30, 60, 60, 60]);
        assert_eq!(feed.pause(Duration::from_mins(2)).as_secs(), 1);
    }
}
