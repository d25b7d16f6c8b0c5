//! `/address/manual`: a ticket by `createrawsstx`, command by command.
//!
//! Whatever receives money of the holder's own is a placeholder here and stays one: should this site ever lie,
//! the decode step shows it before anything is signed.

use std::borrow::Cow;

use maud::{Markup, Render, html};

use super::{network_flag, purchase_info};
use crate::decred::fee;
use crate::decred::params::Params;
use crate::decred::purchase::{Price, TICKET_FEE, dearest_height};
use crate::decred::{Atoms, Height};
use crate::pool::{PurchaseInfo, Stats};
use crate::web::error::Error;
use crate::web::pages::components::{command, date_time, grouped, notice};
use crate::web::pages::layout::Page;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

pub fn get(request: &UserReq) -> Result<Response, Error> {
    let Some(enrolled) = &request.user().enrolled else {
        return Ok(response::see_other("/address"));
    };
    let pool = &request.app.pool;
    let params = pool.settings().params();
    let info = purchase_info(request, enrolled);
    let amounts = pool
        .stats()
        .and_then(|stats| Amounts::of(params, &stats, info.fee_percent));
    Ok(request.ok(&ByHand {
        info,
        params,
        amounts,
    }))
}

#[derive(Debug)]
struct ByHand {
    info: PurchaseInfo,
    params: &'static Params,
    /// `None` while the ticket price is not known.
    amounts: Option<Amounts>,
}

/// What a ticket costs, and when that was so.
#[derive(Debug)]
struct Amounts {
    price: Price,
    /// Of the rule for the pool's fee.
    subsidy: Atoms,
    fee: Part,
    rest: Part,
    tip: Height,
    /// Unix seconds.
    at: i64,
}

/// One of the ticket's two inputs.
#[derive(Debug)]
struct Part {
    coin: Atoms,
    commitment: Atoms,
    change: Atoms,
}

impl Part {
    fn new(coin: Atoms, commitment: Atoms) -> Option<Self> {
        Some(Self {
            coin,
            commitment,
            change: coin.checked_sub(commitment)?,
        })
    }
}

impl Amounts {
    fn of(params: &Params, stats: &Stats, fee_percent: f64) -> Option<Self> {
        let price = Price::of(params, stats.height, stats.ticket_price, fee_percent)?;
        Some(Self {
            price,
            subsidy: fee::subsidy(params, dearest_height(params, stats.height)?),
            fee: Part::new(price.fee_coin(), price.fee_part())?,
            rest: Part::new(price.rest_coin()?, price.rest_part()?)?,
            tip: stats.height,
            at: stats.refreshed_at,
        })
    }
}

impl Page for ByHand {
    fn title(&self) -> Cow<'static, str> {
        "Buy a ticket by hand".into()
    }
}

impl Render for ByHand {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Buy a ticket by hand" }
                p.lead { "What " code { "dcrstakepool buy" } " does in one run, in eight steps of your own, each to be "
                    "looked at. For dcrd and dcrwallet 2.0 or newer, in a shell of Linux or macOS." }
                p { "If you need not see every step, " a href="/address#buy" { "the command" } " is quicker and "
                    "checks more than a person would." }
                @match &self.amounts {
                    Some(amounts) => { (self.guide(amounts)) }
                    None => {
                        (notice("warn", "The ticket price is not known at this moment, and without it no amount \
                            below would be right. Please open this page again in a minute."))
                    }
                }
            }
        }
    }
}

/// What the holder puts in: never the site.
fn own(name: &str) -> Markup {
    html! { var { (name) } }
}

impl ByHand {
    fn guide(&self, amounts: &Amounts) -> Markup {
        html! {
            (self.costs(amounts))
            h2 { "What you put in yourself" }
            p { "Words like " code { (own("REFUND_ADDRESS")) } " stand for what your own wallet and dcrd answer. This "
                "page never knows an address that your money goes to: should it ever show one in the place of "
                "such a word, do not use it." }
            ol.guide {
                (self.script_and_price(amounts))
                (self.coins(amounts))
                (self.ticket(amounts))
                (self.comparison(amounts))
                (self.publication())
            }
            p.hint { "Did the price rise on the way, or was something refused? Nothing is lost: the two coins are "
                "in your wallet and can be spent as any other. Open this page again and begin at step 2." }
        }
    }

    fn costs(&self, amounts: &Amounts) -> Markup {
        let Amounts { price, subsidy, .. } = amounts;
        html! {
            div.card {
                h2 { "What a ticket costs now" }
                dl.facts {
                    dt { "Ticket price" }
                    dd { (price.ticket) " DCR" }
                    dt { "Pool fee" }
                    dd { (price.fee_part()) " DCR, out of the price" }
                    dt { "Network fee" }
                    dd { (TICKET_FEE) " DCR, for 542 bytes" }
                    dt { "Yours again" }
                    dd { (amounts.rest.commitment) " DCR, with the reward, when the ticket has voted" }
                }
                p.hint { "After block " (grouped(amounts.tip.0)) ", " (date_time(amounts.at))
                    ". The price changes every " (self.params.price_window) " blocks." }
                details {
                    summary { "How the pool fee is computed" }
                    p { "Pool fee = (price + network fee) × " (self.info.fee_percent) " % × s ÷ (price + s), where s is "
                        "the reward by which stake pools reckon, at present " (subsidy) " DCR. It is rounded down to "
                        "whole atoms; 1 DCR has 100,000,000 of them. A ticket that commits less is not voted until the "
                        "operator decides to." }
                }
            }
        }
    }

    fn script_and_price(&self, amounts: &Amounts) -> Markup {
        let flag = network_flag(self.params.network);
        html! {
            li {
                h3 { "Once: give your wallet the script" }
                p { "It then knows the tickets of your ticket address as its own. Nothing is answered." }
                (command(&html! { "dcrctl " (flag) "--wallet importscript " (self.info.redeem_script) " false" }))
            }
            li {
                h3 { "Ask your dcrd for the price" }
                (command(&html! { "dcrctl " (flag) "getstakedifficulty" }))
                p { code { "next" } " must say " strong { (amounts.price.ticket.to_dcr()) } ". If not, the amounts "
                    "below are outdated: open this page again." }
            }
        }
    }

    fn coins(&self, amounts: &Amounts) -> Markup {
        let flag = network_flag(self.params.network);
        html! {
            li {
                h3 { "Ask your wallet for four addresses" }
                p { "Run this four times, and note the answers as" }
                dl.facts {
                    dt { code { (own("FEE_COIN_ADDRESS")) } } dd { "for the coin that pays the pool's fee" }
                    dt { code { (own("REST_COIN_ADDRESS")) } } dd { "for the coin that pays the rest" }
                    dt { code { (own("REFUND_ADDRESS")) } } dd { "where price and reward go when the ticket has voted" }
                    dt { code { (own("CHANGE_ADDRESS")) } } dd { "for what the ticket does not need" }
                }
                (command(&html! { "dcrctl " (flag) "--wallet getnewaddress" }))
            }
            li {
                h3 { "Make the two coins" }
                p { "A pool's ticket has two inputs, and this makes just what they need. Your wallet must be "
                    "unlocked from here on." }
                (command(&html! {
                    "dcrctl " (flag) "--wallet sendmany default \\\n"
                    "  '{\"" (own("FEE_COIN_ADDRESS")) "\": " (amounts.fee.coin) ",\n"
                    "    \"" (own("REST_COIN_ADDRESS")) "\": " (amounts.rest.coin) "}'"
                }))
                p { "The answer is " code { (own("SPLIT_TXID")) } ". Repeat the following until "
                    code { "confirmations" } " is 1 or more:" }
                (command(&html! { "dcrctl " (flag) "--wallet gettransaction " (own("SPLIT_TXID")) }))
                p { "Under " code { "details" } ", the " code { "vout" } " beside " code { (own("FEE_COIN_ADDRESS")) }
                    " is " code { (own("FEE_VOUT")) } ", and the one beside " code { (own("REST_COIN_ADDRESS")) }
                    " is " code { (own("REST_VOUT")) } "." }
            }
        }
    }

    fn ticket(&self, amounts: &Amounts) -> Markup {
        let flag = network_flag(self.params.network);
        let Amounts { fee, rest, .. } = amounts;
        let input = |vout, part: &Part| {
            html! {
                "{\"txid\": \"" (own("SPLIT_TXID")) "\", \"vout\": " (own(vout)) ",\n"
                "     \"tree\": 0, \"amt\": " (part.coin.0) "}"
            }
        };
        let commitment = |to: Markup, part: &Part| {
            html! {
                "{\"addr\": \"" (to) "\",\n"
                "     \"commitamt\": " (part.commitment.0) ", \"changeamt\": " (part.change.0) ",\n"
                "     \"changeaddr\": \"" (own("CHANGE_ADDRESS")) "\"}"
            }
        };
        html! {
            li {
                h3 { "Put the ticket together" }
                p { "Here amounts are in atoms. Nothing is signed yet, and nothing leaves your machine." }
                (command(&html! {
                    "dcrctl " (flag) "createrawsstx \\\n"
                    "  '[" (input("FEE_VOUT", fee)) ",\n    " (input("REST_VOUT", rest)) "]' \\\n"
                    "  '{\"" (self.info.ticket_address) "\": " (amounts.price.ticket.0) "}' \\\n"
                    "  '[" (commitment(html! { (self.info.fee_address) }, fee)) ",\n"
                    "    " (commitment(own("REFUND_ADDRESS"), rest)) "]'"
                }))
                p { "The answer is " code { (own("TICKET_HEX")) } "." }
            }
        }
    }

    fn comparison(&self, amounts: &Amounts) -> Markup {
        let flag = network_flag(self.params.network);
        let Amounts {
            fee, rest, price, ..
        } = amounts;
        let row = |number: u32, meaning, address: Markup, field, amount: Atoms| {
            html! {
                tr {
                    td data-label="Output" { (number) ", " (meaning) }
                    td data-label="Address" { code { (address) } }
                    td data-label="Amount" { code { (field) } " " (amount) }
                }
            }
        };
        html! {
            li {
                h3 { "Look at it before you sign" }
                (command(&html! { "dcrctl " (flag) "decoderawtransaction " (own("TICKET_HEX")) }))
                p { "Under " code { "vout" } " there must be these five outputs, " code { "n" } " from 0 to 4, and no "
                    "other. Compare every character of every address: of your own with what your wallet answered "
                    "in step 3, of the two others with the script file that you saved when you joined." }
                table.cards.outputs {
                    thead { tr { th scope="col" { "Output" } th scope="col" { "Address" } th scope="col" { "Amount" } } }
                    tbody {
                        (row(0, "who may vote", html! { (self.info.ticket_address) }, "value", price.ticket))
                        (row(1, "to the pool", html! { (self.info.fee_address) }, "commitamt", fee.commitment))
                        (row(2, "change", own("CHANGE_ADDRESS"), "value", fee.change))
                        (row(3, "to you", own("REFUND_ADDRESS"), "commitamt", rest.commitment))
                        (row(4, "change", own("CHANGE_ADDRESS"), "value", rest.change))
                    }
                }
                p { strong { "If anything differs, do not sign." }
                    @if fee.change == Atoms(0) { " Change of 0 is right: the coins were made to measure." } }
            }
        }
    }

    fn publication(&self) -> Markup {
        let flag = network_flag(self.params.network);
        html! {
            li {
                h3 { "Sign it" }
                (command(&html! { "dcrctl " (flag) "--wallet signrawtransaction " (own("TICKET_HEX")) }))
                p { code { "complete" } " must be " code { "true" } " (else the wallet is locked), and " code { "hex" }
                    " is " code { (own("SIGNED_HEX")) } "." }
            }
            li {
                h3 { "Publish it" }
                (command(&html! { "dcrctl " (flag) "--wallet sendrawtransaction " (own("SIGNED_HEX")) }))
                p { "The answer is the ticket's hash. When it is in a block, it appears under "
                    a href="/tickets" { "Tickets" } ", with the fee that it paid." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Network, VoteBits, VoteVersion};

    fn page(ticket: i64) -> ByHand {
        let params = Network::Simnet.params();
        let info = PurchaseInfo {
            fee_address: "Ssfee".into(),
            fee_percent: 7.5,
            redeem_script: "5121ab".into(),
            ticket_address: "Scticket".into(),
            vote_bits: VoteBits(1),
            vote_version: VoteVersion(1),
        };
        let stats = Stats {
            height: Height(300),
            ticket_price: Atoms(ticket),
            refreshed_at: 1_790_000_000,
            ..crate::web::pages::home::tests::stats()
        };
        ByHand {
            amounts: Amounts::of(params, &stats, info.fee_percent),
            info,
            params,
        }
    }

    /// As `createrawsstx` is asked and as the outputs are to be compared.
    #[test]
    fn amounts_are_those_that_the_pool_asks_for() {
        let page = page(2_000_000_000);
        let amounts = page.amounts.as_ref().unwrap();
        let html = page.render().into_string();
        assert_eq!(amounts.fee.change, Atoms(0));
        let inputs = amounts.fee.coin.0 + amounts.rest.coin.0;
        assert_eq!(inputs, 2_000_000_000 + TICKET_FEE.0);
        for text in [
            "&quot;Scticket&quot;: 2000000000}",
            "<code>value</code> 20.00000000",
            "After block 300, 2026-09-21 14:13 UTC",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }

    /// Only the ticket address, which spends nothing, and the pool's own are filled in.
    #[test]
    fn whatever_receives_the_holders_money_is_a_word_to_replace() {
        let html = page(20_000).render().into_string();
        let text = html
            .replace("<var>", "")
            .replace("</var>", "")
            .replace("&quot;", "\"");
        for (field, expected) in [
            ("\"addr\": ", &["Ssfee", "REFUND_ADDRESS"]),
            ("\"changeaddr\": ", &["CHANGE_ADDRESS"; 2]),
        ] {
            let found = text.split(field).skip(1);
            let found: Vec<_> = found.map(|rest| rest.split('"').nth(1).unwrap()).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(html.matches("<var>REST_COIN_ADDRESS</var>").count(), 3);
    }

    #[test]
    fn coins_too_small_to_be_sent_come_back_as_change() {
        let page = page(20_000);
        let amounts = page.amounts.as_ref().unwrap();
        assert!(amounts.fee.change > Atoms(0));
        assert_eq!(
            amounts.fee.coin.0,
            amounts.fee.commitment.0 + amounts.fee.change.0
        );
    }

    #[test]
    fn without_a_price_no_command_is_shown() {
        let mut page = page(20_000);
        page.amounts = None;
        let html = page.render().into_string();
        assert!(html.contains("not known") && !html.contains("<pre"));
    }
}
