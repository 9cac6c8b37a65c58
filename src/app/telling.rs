//! The notifier and its channels.

use core::num::NonZeroU32;
use std::sync::Arc;

use anyhow::Context as _;
use tracing::info;

use super::Deciding;
use crate::config::{Config, NotifySettings};
use crate::desk::Lease;
use crate::notify::{Channel, Degraded, Mail, Notifier, Telegram};

/// Starts telling people.
pub(super) fn start(
    deciding: &mut Deciding,
    config: &Config,
    (lease, degraded): (Arc<Lease>, Degraded),
) -> anyhow::Result<()> {
    let notifier = Notifier {
        desk: Arc::clone(&deciding.desk),
        lease,
        channels: channels(config)?,
        settings: config.settings.notify.clone(),
        degraded,
    };
    let stop = deciding.stop.clone();
    deciding.tasks.spawn(async move {
        notifier.run(stop).await;
        "notifier"
    });
    Ok(())
}

fn channels(config: &Config) -> anyhow::Result<Vec<Channel>> {
    let settings: &NotifySettings = &config.settings.notify;
    let rate = NonZeroU32::new(settings.messages_per_minute).unwrap_or(NonZeroU32::MIN);
    let mut channels = Vec::new();
    if let (Some(chat), Some(token)) = (&settings.telegram_chat, &config.secrets.telegram_token) {
        let telegram = Telegram::new(&settings.telegram_url, token.clone(), chat.clone())
            .context("notify.telegram_url")?;
        info!("people are told by Telegram");
        channels.push(Channel::telegram(telegram, settings.telegram_from, rate));
    }
    let mail = Mail::new(settings, config.secrets.mail_password.as_ref())?;
    if let Some(mail) = mail {
        info!("people are told by mail");
        channels.push(Channel::mail(mail, settings.mail_from, rate));
    }
    Ok(channels)
}
