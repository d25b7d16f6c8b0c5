//! The tables as diesel sees them, the same for both databases. Of the Go program's tables only
//! what is used is named.

diesel::table! {
    #[sql_name = "Users"]
    users (user_id) {
        #[sql_name = "UserId"]
        user_id -> BigInt,
        #[sql_name = "Email"]
        email -> Nullable<Text>,
        #[sql_name = "Username"]
        username -> Nullable<Text>,
        #[sql_name = "Password"]
        password -> Nullable<Binary>,
        #[sql_name = "MultiSigAddress"]
        multi_sig_address -> Nullable<Text>,
        #[sql_name = "MultiSigScript"]
        multi_sig_script -> Nullable<Text>,
        #[sql_name = "PoolPubKeyAddr"]
        pool_pub_key_addr -> Nullable<Text>,
        #[sql_name = "UserPubKeyAddr"]
        user_pub_key_addr -> Nullable<Text>,
        #[sql_name = "UserFeeAddr"]
        user_fee_addr -> Nullable<Text>,
        #[sql_name = "HeightRegistered"]
        height_registered -> Nullable<BigInt>,
        #[sql_name = "EmailVerified"]
        email_verified -> Nullable<BigInt>,
        #[sql_name = "EmailToken"]
        email_token -> Nullable<Text>,
        #[sql_name = "APIToken"]
        api_token -> Nullable<Text>,
        #[sql_name = "VoteBits"]
        vote_bits -> Nullable<BigInt>,
        #[sql_name = "VoteBitsVersion"]
        vote_bits_version -> Nullable<BigInt>,
    }
}

diesel::table! {
    #[sql_name = "LowFeeTicket"]
    low_fee_ticket (low_fee_ticket_id) {
        #[sql_name = "LowFeeTicketID"]
        low_fee_ticket_id -> BigInt,
        #[sql_name = "AddedByUid"]
        added_by_uid -> Nullable<BigInt>,
        #[sql_name = "TicketAddress"]
        ticket_address -> Nullable<Text>,
        #[sql_name = "TicketHash"]
        ticket_hash -> Nullable<Text>,
        #[sql_name = "TicketExpiry"]
        ticket_expiry -> Nullable<BigInt>,
        #[sql_name = "Voted"]
        voted -> Nullable<BigInt>,
        #[sql_name = "Created"]
        created -> Nullable<BigInt>,
        #[sql_name = "Expires"]
        expires -> Nullable<BigInt>,
    }
}

diesel::table! {
    #[sql_name = "PasswordReset"]
    password_reset (password_reset_id) {
        #[sql_name = "PasswordResetID"]
        password_reset_id -> BigInt,
        #[sql_name = "UserId"]
        user_id -> Nullable<BigInt>,
        #[sql_name = "Token"]
        token -> Nullable<Text>,
        #[sql_name = "Created"]
        created -> Nullable<BigInt>,
        #[sql_name = "Expires"]
        expires -> Nullable<BigInt>,
    }
}

diesel::table! {
    #[sql_name = "EmailChange"]
    email_change (email_change_id) {
        #[sql_name = "EmailChangeID"]
        email_change_id -> BigInt,
        #[sql_name = "UserId"]
        user_id -> Nullable<BigInt>,
        #[sql_name = "NewEmail"]
        new_email -> Nullable<Text>,
        #[sql_name = "Token"]
        token -> Nullable<Text>,
        #[sql_name = "Created"]
        created -> Nullable<BigInt>,
        #[sql_name = "Expires"]
        expires -> Nullable<BigInt>,
    }
}

diesel::table! {
    pool_identity (id) {
        id -> BigInt,
        pool_id -> Text,
    }
}

diesel::table! {
    pool_counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    pool_sign_ups (token_hash) {
        token_hash -> Text,
        email_hash -> Text,
        email -> Text,
        password_hash -> Text,
        created -> BigInt,
        expires -> BigInt,
        user_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    pool_emails (email_hash) {
        email_hash -> Text,
        user_id -> BigInt,
    }
}

diesel::table! {
    pool_keys (user_id) {
        user_id -> BigInt,
        key_set -> BigInt,
        key_index -> BigInt,
    }
}

diesel::table! {
    pool_flags (user_id) {
        user_id -> BigInt,
        disabled -> BigInt,
        created -> BigInt,
    }
}

diesel::table! {
    pool_vote_times (ticket, voter) {
        ticket -> Text,
        voter -> Text,
        signed_us -> BigInt,
        answered_us -> BigInt,
        outcome -> Text,
        noted -> BigInt,
    }
}

diesel::table! {
    pool_leases (name) {
        name -> Text,
        holder -> Text,
        held_until -> BigInt,
    }
}

diesel::table! {
    pool_saved_scripts (user_id) {
        user_id -> BigInt,
        said -> BigInt,
    }
}

diesel::table! {
    pool_sessions (id_hash) {
        id_hash -> Text,
        user_id -> BigInt,
        created -> BigInt,
        last_seen -> BigInt,
        ip -> Text,
        agent -> Text,
    }
}

diesel::table! {
    pool_second_factors (user_id) {
        user_id -> BigInt,
        seed -> Text,
        last_step -> BigInt,
        last_use -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    pool_recovery_codes (user_id, code_hash) {
        user_id -> BigInt,
        code_hash -> Text,
    }
}

diesel::table! {
    pool_half_sign_ins (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        expires -> BigInt,
    }
}

diesel::table! {
    pool_links (token_hash) {
        token_hash -> Text,
        purpose -> Text,
        user_id -> BigInt,
        email -> Text,
        expires -> BigInt,
        spent -> BigInt,
    }
}

diesel::table! {
    pool_credentials (user_id) {
        user_id -> BigInt,
        changed -> BigInt,
    }
}

diesel::table! {
    pool_mails (id) {
        id -> Text,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        html -> Text,
        created -> BigInt,
        state -> Text,
        due -> BigInt,
        attempts -> BigInt,
        problem -> Text,
    }
}

diesel::table! {
    pool_revisions (user_id) {
        user_id -> BigInt,
        revision -> BigInt,
    }
}

diesel::table! {
    pool_agenda_choices (user_id, version, agenda_id) {
        user_id -> BigInt,
        version -> BigInt,
        agenda_id -> Text,
        choice_id -> Text,
    }
}

diesel::table! {
    #[sql_name = "Tickets"]
    tickets (hash) {
        hash -> Text,
        user_id -> BigInt,
        ticket_address -> Text,
        price -> BigInt,
        fee_paid -> BigInt,
        mined_block -> Nullable<Text>,
        mined_height -> Nullable<BigInt>,
        sort_height -> BigInt,
        status -> Text,
        verdict -> Text,
        vote_hash -> Nullable<Text>,
        vote_block -> Nullable<Text>,
        vote_height -> Nullable<BigInt>,
        vote_bits -> Nullable<BigInt>,
        vote_version -> Nullable<BigInt>,
        vote_reward -> Nullable<BigInt>,
        revocation -> Nullable<Text>,
        source -> Text,
    }
}

diesel::table! {
    pool_ticket_cursors (voter) {
        voter -> Text,
        instance -> Text,
        sequence -> BigInt,
    }
}

diesel::table! {
    pool_halt (id) {
        id -> BigInt,
        since -> BigInt,
        voter -> Text,
        reason -> Text,
    }
}

diesel::table! {
    pool_limits (name) {
        name -> Text,
        used_until -> BigInt,
    }
}

diesel::table! {
    pool_sign (id) {
        id -> BigInt,
        notice -> Text,
        closed -> BigInt,
        closed_message -> Text,
        set_at -> BigInt,
        set_by -> BigInt,
    }
}

diesel::table! {
    #[sql_name = "Samples"]
    samples (height) {
        height -> BigInt,
        block_time -> BigInt,
        ticket_price -> BigInt,
        pool_size -> BigInt,
        live -> BigInt,
        immature -> BigInt,
        voted -> BigInt,
        missed -> BigInt,
        expired -> BigInt,
        votes -> BigInt,
        latency_median -> Nullable<BigInt>,
        latency_slowest -> Nullable<BigInt>,
    }
}

diesel::table! {
    pool_notifications (user_id) {
        user_id -> BigInt,
        missed -> BigInt,
        low_fee -> BigInt,
        voted -> BigInt,
        expired -> BigInt,
        vote_version -> BigInt,
    }
}

diesel::table! {
    pool_news (user_id, kind, subject) {
        user_id -> BigInt,
        kind -> Text,
        subject -> Text,
        height -> BigInt,
        told -> BigInt,
    }
}

diesel::table! {
    pool_alerts (way, alarm, about) {
        way -> Text,
        alarm -> Text,
        about -> Text,
        message -> Text,
        since -> BigInt,
        seen -> BigInt,
        state -> Text,
        due -> BigInt,
        told -> BigInt,
    }
}

diesel::table! {
    pool_audit (id) {
        id -> BigInt,
        happened -> BigInt,
        event -> Text,
        user_id -> Nullable<BigInt>,
        ip -> Text,
        detail -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    users,
    pool_keys,
    pool_flags,
    pool_revisions,
    pool_second_factors
);
diesel::allow_tables_to_appear_in_same_query!(users, tickets);
diesel::allow_tables_to_appear_in_same_query!(pool_news, tickets);
diesel::allow_tables_to_appear_in_same_query!(pool_audit, users);
