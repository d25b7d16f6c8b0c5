//! What a connection tells without being asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use super::decode::Hex;
use super::frame;
use super::header::BlockHeader;
use crate::decred::{Atoms, BlockHash, Height, TicketHash};

/// An item of the notification queue. A notification may come before the `Connected` of its own
/// connection: subscriptions are made first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// Connected and subscribed; what happened meanwhile must be caught up. Generations count up.
    Connected {
        generation: u64,
    },
    Disconnected {
        generation: u64,
        reason: String,
    },
    /// The queue was full and something was dropped: resync, as after `Connected`. May come before
    /// older items that are still in the queue.
    Lost,
    BlockConnected(BlockConnected),
    BlockDisconnected {
        header: BlockHeader,
    },
    Reorganization {
        old_block: BlockHash,
        old_height: Height,
        new_block: BlockHash,
        new_height: Height,
    },
    NewTickets(NewTickets),
    WinningTickets(WinningTickets),
    /// A transaction that the loaded filter matches entered the mempool, serialised.
    RelevantTransaction {
        transaction: Vec<u8>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockConnected {
    pub header: BlockHeader,
    /// Those that match the loaded filter, serialised; empty without a filter.
    pub transactions: Vec<Vec<u8>>,
}

/// Tickets that matured in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTickets {
    pub block: BlockHash,
    pub height: Height,
    /// Of the next block.
    pub ticket_price: Atoms,
    pub tickets: Vec<TicketHash>,
}

/// Tickets called to vote on a block, side-chain tips included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WinningTickets {
    pub block: BlockHash,
    pub height: Height,
    pub tickets: Vec<TicketHash>,
    /// When the frame had been read: latency is measured from here.
    pub received: Instant,
}

/// The receiving end of a bounded queue.
#[derive(Debug)]
pub struct Notifications {
    queue: mpsc::Receiver<Notification>,
    lost: Arc<Notify>,
}

/// The sending end: never waits.
#[derive(Debug, Clone)]
pub(super) struct Announcer {
    queue: mpsc::Sender<Notification>,
    lost: Arc<Notify>,
}

pub(super) fn queue(capacity: usize) -> (Announcer, Notifications) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    let lost = Arc::new(Notify::new());
    (
        Announcer {
            queue: sender,
            lost: lost.clone(),
        },
        Notifications {
            queue: receiver,
            lost,
        },
    )
}

impl Notifications {
    /// The next one; `None` after the client stopped and the queue is empty. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Notification> {
        tokio::select! {
            biased;
            () = self.lost.notified() => Some(Notification::Lost),
            notification = self.queue.recv() => notification,
        }
    }
}

impl Announcer {
    pub(super) fn announce(&self, notification: Notification) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(notification) {
            // A permit, not an item: it is seen even when the queue is emptied right now.
            self.lost.notify_one();
        }
    }
}

/// Reads a notification; `None` for one that we do not use. The error says what is wrong with it,
/// without its content.
pub(super) fn decode(
    method: &str,
    text: &str,
    received: Instant,
) -> Result<Option<Notification>, String> {
    let wrong = |error: serde_json::Error| format!("{:?} error", error.classify());
    Ok(Some(match method {
        "winningtickets" => {
            let (block, height, winners): (_, _, BTreeMap<String, TicketHash>) =
                frame::params(text).map_err(wrong)?;
            Notification::WinningTickets(WinningTickets {
                block,
                height,
                tickets: winners.into_values().collect(),
                received,
            })
        }
        "newtickets" => {
            let (block, height, ticket_price, tickets): (_, _, _, Option<Vec<_>>) =
                frame::params(text).map_err(wrong)?;
            Notification::NewTickets(NewTickets {
                block,
                height,
                ticket_price,
                tickets: tickets.unwrap_or_default(),
            })
        }
        "blockconnected" => {
            let (header, transactions): (Hex, Option<Vec<Hex>>) =
                frame::params(text).map_err(wrong)?;
            Notification::BlockConnected(BlockConnected {
                header: block_header(&header)?,
                transactions: transactions
                    .unwrap_or_default()
                    .into_iter()
                    .map(|Hex(bytes)| bytes)
                    .collect(),
            })
        }
        "blockdisconnected" => {
            let (header,): (Hex,) = frame::params(text).map_err(wrong)?;
            Notification::BlockDisconnected {
                header: block_header(&header)?,
            }
        }
        "reorganization" => {
            let (old_block, old_height, new_block, new_height) =
                frame::params(text).map_err(wrong)?;
            Notification::Reorganization {
                old_block,
                old_height,
                new_block,
                new_height,
            }
        }
        "relevanttxaccepted" => {
            let (Hex(transaction),): (Hex,) = frame::params(text).map_err(wrong)?;
            Notification::RelevantTransaction { transaction }
        }
        _ => return Ok(None),
    }))
}

fn block_header(Hex(bytes): &Hex) -> Result<BlockHeader, String> {
    BlockHeader::decode(bytes).ok_or_else(|| format!("a header of {} bytes", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn overflow_is_told_once_and_first() {
        let (announcer, mut notifications) = queue(2);
        for generation in 0..5 {
            announcer.announce(Notification::Connected { generation });
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(notifications.recv().await.unwrap());
        }
        assert_eq!(
            seen,
            [
                Notification::Lost,
                Notification::Connected { generation: 0 },
                Notification::Connected { generation: 1 },
            ]
        );
        drop(announcer);
        assert_eq!(notifications.recv().await, None);
    }
}
