//! What `/address` looks like before and after enrolment.

use maud::{Markup, html};

use super::{Enrol, Ready};
use crate::web::pages::components::{copyable, csrf_field, notice, problem};

pub(super) fn enrol(page: &Enrol) -> Markup {
    html! {
        section.narrow {
            h1 { "Your public key" }
            p { "One step is left before you can buy tickets: give the pool one public key of your own "
                "wallet. Together with a key of the pool it becomes your ticket address, from which "
                "either key can vote. Where stake and reward go is written into each ticket by your own "
                "wallet, not here." }
            @if let Some(reason) = &page.obstacle {
                (notice("warn", reason))
            } @else {
                (problem(page.problem.as_deref()))
                form method="post" action="/address" {
                    (csrf_field(&page.token))
                    label for="UserPubKeyAddr" { "Public-key address" }
                    input #UserPubKeyAddr.mono type="text" name="UserPubKeyAddr" value=(page.address)
                        required autocomplete="off" autocapitalize="none" spellcheck="false"
                        aria-describedby="key-hint";
                    p #key-hint.hint { "53 characters, beginning with " code { (key_prefix(page)) }
                        ". It cannot be changed afterwards, so use a wallet whose seed you keep." }
                    button type="submit" { "Submit" }
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
    html! {
        section.narrow.quiet {
            h2 { "Where do I find it?" }
            p { "Ask your dcrwallet for a new address, then for the key behind it:" }
            pre { code {
                "dcrctl " (flag) "--wallet getnewaddress\n"
                "dcrctl " (flag) "--wallet validateaddress ADDRESS"
            } }
            p { "The answer holds " code { "pubkeyaddr" } ": that is what goes into the field. Wallets with "
                "support for stake pools submit it by themselves; they need your API token from "
                a href="/settings" { "Settings" } "." }
        }
    }
}

pub(super) fn ready(page: &Ready) -> Markup {
    html! {
        section {
            h1 { "Your ticket address" }
            @if page.new {
                (notice("good", "Your key was accepted: the voting wallets know your ticket address."))
            }
            p { "Tickets bought for this address, with the fee going to the pool's address, are voted by "
                "the pool." }
            dl.facts {
                (copyable("Ticket address", &page.info.ticket_address))
                (copyable("Pool fee address", &page.info.fee_address))
                dt { "Pool fee" }
                dd { (page.info.fee_percent) " % of the reward of a vote, paid when the ticket is bought" }
                (copyable("Your public-key address", &page.enrolled.user_pubkey_address))
                (copyable("Redeem script", &page.info.redeem_script))
            }
            p.actions {
                a.button.quiet href="/address/script.txt" { "Script as text" }
                a.button.quiet href="/address/script.json" { "Everything as JSON" }
            }
            p.hint { "Keep a copy of the script: with it and your own key you can vote or revoke yourself, "
                "should this pool ever be gone." }
        }
        (how_to_buy(page))
    }
}

fn how_to_buy(page: &Ready) -> Markup {
    let port = page.network.params().dcrwallet_port;
    html! {
        section aria-labelledby="buy" {
            h2 #buy { "Buy tickets" }
            h3 { "With dcrwallet 2.0 or newer" }
            p { "Run this beside your own wallet. It asks the pool for the data above, checks that the "
                "script holds your own key, shows each ticket before your wallet signs it, and publishes it. "
                "The token is the API token from " a href="/settings" { "Settings" } ", saved in a file." }
            pre { code {
                "dcrstakepool buy --pool " (page.base_url) " --token-file token.txt \\\n"
                "    --wallet localhost:" (port) " --wallet-user USER \\\n"
                "    --wallet-password-file password.txt --wallet-cert rpc.cert --count 1"
            } }
            h3 { "With dcrwallet up to 1.7" }
            p { "Import the script once, then buy as often as you like:" }
            pre { code {
                "dcrctl " (super::network_flag(page.network)) "--wallet importscript "
                (page.info.redeem_script) "\n"
                "dcrctl " (super::network_flag(page.network)) "--wallet purchaseticket default MAXPRICE 1 "
                (page.info.ticket_address) " 1 " (page.info.fee_address) " " (page.info.fee_percent)
            } }
            p.hint { "A ticket that pays less than the fee, or to another address, is not voted until the "
                "operator decides to. Your tickets appear under " a href="/tickets" { "Tickets" }
                " when they are mined." }
        }
    }
}
