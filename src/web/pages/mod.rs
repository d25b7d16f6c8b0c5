//! The pages: a file each, with what it shows as a struct of plain values, and its handlers. They
//! read the request, call one method of the pool, and choose a page.

pub mod address;
pub mod adminlog;
pub mod adminpool;
pub mod admintickets;
pub mod adminusers;
pub mod apipage;
mod audit;
pub mod captcha;
pub mod components;
pub mod emailupdate;
pub mod emailverify;
pub mod error;
pub mod files;
pub mod home;
pub mod icons;
pub mod layout;
pub mod legal;
pub mod logout;
pub mod passwordreset;
pub mod passwordupdate;
pub mod probes;
pub mod qr;
pub mod redirects;
pub mod secondfactor;
pub mod settings;
pub mod signin;
pub mod signincode;
pub mod signup;
pub mod stats;
pub mod status;
pub mod tickets;
pub mod voting;
