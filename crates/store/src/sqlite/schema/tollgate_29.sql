-- Second factors, other ways in, and links that are for more than setting up.
ALTER TABLE sign_ins ADD COLUMN totp BLOB;
ALTER TABLE sign_ins ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN phone TEXT;
ALTER TABLE sign_ins ADD COLUMN phone_checked_at INTEGER;

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    hash    BLOB NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- A session that still waits for its second factor lets nobody in.
ALTER TABLE sessions ADD COLUMN half INTEGER NOT NULL DEFAULT 0;

-- What a link is about: an invitation, or an address that is nobody's yet.
ALTER TABLE one_time_links ADD COLUMN subject TEXT;

-- Who somebody is at a provider of identities.
CREATE TABLE identities (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id),
    email      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_user ON identities (user_id);
