//! What `/address` looks like before and after enrolment.

use maud::{Markup, html};

use super::{Enrol, Ready, Told};
use crate::web::pages::components::{command, copyable, csrf_field, notice, problem};
use crate::web::pages::icons::{Icon, icon};
use crate::web::pages::qr::qr;

/// The way to the first ticket.
const PARTS: [&str; 3] = ["Account", "Your public key", "Buy tickets"];

/// Where on the way the user is.
fn progress(here: usize) -> Markup {
    html! {
        ol.progress aria-label="Your way to the first ticket" {
            @for (index, part) in PARTS.iter().enumerate() {
                li.done[index < here] aria-current=[(index == here).then_some("step")] { (part) }
            }
        }
    }
}

pub(super) fn enrol(page: &Enrol) -> Markup {
    html! {
        section.narrow {
            h1 { "Your public key" }
            (progress(1))
            p { "One step is left before you can buy tickets: give the pool one public key of your own "
                "wallet. Together with a key of the pool it becomes your ticket address, from which "
                "either key can vote. Where stake and reward go is written into each ticket by your own "
                "wallet, not here." }
            @if let Some(reason) = &page.obstacle {
                (notice("warn", reason))
            } @else {
                (problem(page.problem.as_deref()))
                form.panel method="post" action="/address" {
                    (csrf_field(&page.token))
                    label for="UserPubKeyAddr" { "Public-key address" }
                    input #UserPubKeyAddr.mono type="text" name="UserPubKeyAddr" value=(page.address)
                        required autocomplete="off" autocapitalize="none" spellcheck="false"
                        aria-describedby="key-hint";
                    p #key-hint.hint { "53 characters, beginning with " code { (key_prefix(page)) }
                        ". It cannot be changed afterwards, so use a wallet whose seed you keep." }
                    button type="submit" { "Submit my key" }
                }
            }
        }
        (where_from(page))
    }
}

/// How every public-key address of the network begins.
fn key_prefix(page: &Enrol) -> &'static str {
    use crate::decred::Network::{Mainnet, Simnet, Testnet};
    match page.network {
        Mainnet => "Dk",
        Testnet => "Tk",
        Simnet => "Sk",
    }
}

fn where_from(page: &Enrol) -> Markup {
    let flag = super::network_flag(page.network);
    let new_address = html! { "dcrctl " (flag) "--wallet getnewaddress" };
    let its_key = html! { "dcrctl " (flag) "--wallet validateaddress " var { "ADDRESS" } };
    html! {
        section.narrow.quiet {
            h2 { "Where do I find it?" }
            details.card open {
                summary { "In dcrwallet, any version" }
                p { "Ask your wallet for a new address:" }
                (command(&new_address))
                p { "Then, with that in the place of " code { var { "ADDRESS" } } ", for the key behind it:" }
                (command(&its_key))
                p { "The answer holds " code { "pubkeyaddr" } ": that is what goes into the field." }
            }
            details.card {
                summary { "In a wallet with support for stake pools" }
                p { "Nothing has to be copied from it. Give it the address of this site and your API token from "
                    a href="/settings" { "Settings" } ": it submits its key by itself." }
            }
        }
    }
}

pub(super) fn ready(page: &Ready) -> Markup {
    html! {
        section {
            h1 { "Your ticket address" }
            (progress(2))
            @match page.told {
                Told::Accepted => {
                    (notice("good", "Your key was accepted: the voting wallets know your ticket address."))
                }
                Told::Kept => {
                    (notice("bad", "You have submitted an address before: it stays as it is. Here it is."))
                }
                Told::Nothing => {}
            }
            (what_a_wallet_needs(page))
            (lifeline(page))
        }
        (how_to_buy(page))
    }
}

fn what_a_wallet_needs(page: &Ready) -> Markup {
    html! {
        div.card {
            h2 { "What your wallet needs" }
            p { "Tickets bought for this address, with the fee going to the pool's address, are voted by "
                "the pool." }
            div.with-picture {
                dl.facts {
                    (copyable("Ticket address", &page.info.ticket_address))
                    (copyable("Pool fee address", &page.info.fee_address))
                    dt { "Pool fee" }
                    dd { (page.info.fee_percent) " % of the reward of a vote, paid when the ticket is bought" }
                    (copyable("Your public-key address", &page.enrolled.user_pubkey_address))
                }
                figure.qr {
                    (qr(&page.info.ticket_address, "QR code of the ticket address"))
                    figcaption { "Ticket address" }
                }
            }
        }
    }
}

fn lifeline(page: &Ready) -> Markup {
    html! {
        div.card #script {
            h2 { "Save your redeem script" }
            p { "It is your lifeline. With it and your own key you can vote or revoke yourself, should this "
                "pool ever be gone. Your wallet's seed alone does not bring it back, so keep a copy beside "
                "the seed." @if page.told == Told::Accepted { " A copy is on its way to your mail box." } }
            dl.facts { (copyable("Redeem script", &page.info.redeem_script)) }
            p.actions {
                a.button.quiet href="/address/script.json" { (icon(Icon::Download)) "Everything as JSON" }
                a.button.quiet href="/address/script.txt" { (icon(Icon::Download)) "Script as text" }
            }
            @if page.unsaved {
                form method="post" action="/address" {
                    (csrf_field(&page.token))
                    input type="hidden" name="scriptSaved" value="true";
                    button type="submit" { "I have saved it" }
                    " " span.hint { "Until then you are reminded." }
                }
            }
        }
    }
}

fn how_to_buy(page: &Ready) -> Markup {
    html! {
        section aria-labelledby="buy" {
            h2 #buy { "Buy tickets" }
            p { "Which wallet do you have?" }
            (with_our_command(page))
            (with_an_old_wallet(page))
            p.hint { "A ticket that pays less than the fee, or to another address, is not voted until the "
                "operator decides to. Your tickets appear under " a href="/tickets" { "Tickets" }
                " when they are mined." }
        }
    }
}

fn with_our_command(page: &Ready) -> Markup {
    let port = page.network.params().dcrwallet_port;
    let buy = html! {
        "dcrstakepool buy --pool " (page.base_url) " --token-file token.txt \\\n"
        "    --wallet localhost:" (port) " --wallet-user " var { "USER" } " \\\n"
        "    --wallet-password-file password.txt --wallet-cert rpc.cert --count 1"
    };
    html! {
        details.card open {
            summary { "dcrwallet 2.0 or newer" }
            p { "Run this beside your own wallet. It asks the pool for the data above, checks that the "
                "script holds your own key, shows each ticket before your wallet signs it, and publishes it. "
                "The token is the API token from " a href="/settings" { "Settings" } ", saved in a file." }
            (command(&buy))
            p { "You would rather do and see each step yourself? " a href="/address/manual" { "Buy a ticket by hand" }
                "." }
        }
    }
}

fn with_an_old_wallet(page: &Ready) -> Markup {
    let flag = super::network_flag(page.network);
    let import = html! { "dcrctl " (flag) "--wallet importscript " (page.info.redeem_script) };
    let purchase = html! {
        "dcrctl " (flag) "--wallet purchaseticket default " var { "MAXPRICE" } " 1 "
        (page.info.ticket_address) " 1 " (page.info.fee_address) " " (page.info.fee_percent)
    };
    html! {
        details.card {
            summary { "dcrwallet up to 1.7, or Decrediton of that time" }
            p { "Import the script once:" }
            (command(&import))
            p { "Then buy as often as you like, with the most you would pay for a ticket in the place of "
                code { var { "MAXPRICE" } } ":" }
            (command(&purchase))
        }
    }
}
