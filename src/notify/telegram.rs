//! Telegram's Bot API: one POST a message.

use core::time::Duration;

use chrono::TimeDelta;
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::channel::ChannelError;

/// How long Telegram may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A chat that a bot writes to.
pub struct Telegram {
    client: Client,
    url: String,
    token: SecretString,
    chat: String,
}

#[derive(Serialize)]
struct Message<'a> {
    chat_id: &'a str,
    text: &'a str,
    disable_web_page_preview: bool,
}

/// What Telegram answers; only what matters.
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    description: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u32>,
}

impl Telegram {
    /// Returns the chat at a Bot API (`https://api.telegram.org`).
    ///
    /// # Errors
    ///
    /// No HTTP client can be made.
    pub fn new(url: &str, token: SecretString, chat: String) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(DEADLINE).build()?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self {
            client,
            url,
            token,
            chat,
        })
    }

    /// Sends one message.
    pub(super) async fn send(&self, text: &str) -> Result<(), ChannelError> {
        let url = format!("{}/bot{}/sendMessage", self.url, self.token.expose_secret());
        let message = Message {
            chat_id: &self.chat,
            text,
            disable_web_page_preview: true,
        };
        let sent = self.client.post(url).json(&message).send().await;
        // the address holds the token: it never gets into a message
        let answer = sent.map_err(|error| later(&error.without_url().to_string()))?;
        let status = answer.status();
        let said: Answer = answer.json().await.unwrap_or_default();
        if status.is_success() && said.ok {
            return Ok(());
        }
        let wait = said.parameters.and_then(|one| one.retry_after);
        Err(ChannelError {
            text: format!("telegram: {} {}", status.as_u16(), said.description),
            // a wrong chat or a message it cannot read does not get better
            is_final: status.as_u16() == 400,
            wait: wait.map(|seconds| TimeDelta::seconds(i64::from(seconds))),
        })
    }
}

fn later(text: &str) -> ChannelError {
    ChannelError {
        text: format!("telegram: {text}"),
        is_final: false,
        wait: None,
    }
}
