//! What every test stands on.

mod alerts;
pub(crate) mod cases;
mod gateway;
mod proxy;
mod truth;
mod wait;
mod world;

pub(crate) use alerts::{Alert, time};
pub(crate) use gateway::{Answer, Gateway, client};
pub(crate) use proxy::{Old, Proxy, Silence};
pub(crate) use truth::is_settled;
pub(crate) use wait::{abreast, until};
pub(crate) use world::{World, config_dir, setup};
