-- By which a phone is known again; its number is not kept whole.
ALTER TABLE sign_ins ADD COLUMN phone_hash BLOB;
CREATE INDEX sign_ins_of_phone ON sign_ins (phone_hash) WHERE phone_hash IS NOT NULL;
