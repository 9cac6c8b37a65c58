//! Mail over SMTP.

use core::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::channel::ChannelError;
use crate::config::{MailTls, NotifySettings};

/// How long the server may take for each step.
const DEADLINE: Duration = Duration::from_secs(20);

/// The longest subject, in characters.
const SUBJECT_MAX: usize = 70;

/// A mail server and who is written to.
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    to: Vec<Mailbox>,
}

/// Why mail cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server's name, or what keeps the connection secret.
    #[error("notify.mail_server")]
    Server(#[from] lettre::transport::smtp::Error),
    /// A mail address.
    #[error("notify.mail_sender or notify.mail_to")]
    Address(#[from] lettre::address::AddressError),
}

impl Mail {
    /// Returns the server of the settings; nothing where none is configured.
    ///
    /// # Errors
    ///
    /// An address is none.
    pub fn new(
        settings: &NotifySettings,
        password: Option<&SecretString>,
    ) -> Result<Option<Self>, MailError> {
        let (Some(name), Some(sender)) = (&settings.mail_server, &settings.mail_sender) else {
            return Ok(None);
        };
        let server = match settings.mail_tls {
            MailTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(name)?,
            MailTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(name)?,
            MailTls::Off => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(name),
        };
        let mut server = server.port(settings.mail_port).timeout(Some(DEADLINE));
        if let (Some(user), Some(password)) = (&settings.mail_user, password) {
            let password = password.expose_secret().to_owned();
            server = server.credentials(Credentials::new(user.clone(), password));
        }
        let to = settings.mail_to.iter().map(|address| address.parse());
        Ok(Some(Self {
            server: server.build(),
            sender: sender.parse()?,
            to: to.collect::<Result<_, _>>()?,
        }))
    }

    /// Sends one message.
    pub(super) async fn send(&self, text: &str) -> Result<(), ChannelError> {
        let first = text.lines().next().unwrap_or("torana");
        let subject: String = first.chars().take(SUBJECT_MAX).collect();
        let mut mail = Message::builder()
            .from(self.sender.clone())
            .subject(format!("torana: {subject}"));
        for one in &self.to {
            mail = mail.to(one.clone());
        }
        let mail = mail.body(text.to_owned()).map_err(|error| ChannelError {
            text: format!("mail: {error}"),
            is_final: true,
            wait: None,
        })?;
        self.server
            .send(mail)
            .await
            .map(drop)
            .map_err(|error| ChannelError {
                text: format!("mail: {error}"),
                is_final: error.is_permanent(),
                wait: None,
            })
    }
}
