//! The server as strangers' programs meet it: the protocols to the letter, limits, and what no
//! honest client sends.

mod client;
mod hostile;
mod limits;
mod node;
mod over_http;
mod pace;
mod slow;
mod socket;
mod socket_client;
mod socket_ends;
mod trusted;
