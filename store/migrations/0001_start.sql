-- The first schema. TIME, BYTES and COMPACT are replaced per engine: see
-- migrate.go. Once released, a migration is never edited: add another.

CREATE TABLE secrets (
  name text PRIMARY KEY,
  value BYTES NOT NULL
);

CREATE TABLE organizations (
  id text PRIMARY KEY,
  issuer text NOT NULL,
  tenant text NOT NULL,
  name text NOT NULL,
  created_at TIME NOT NULL,
  UNIQUE (issuer, tenant)
);

CREATE TABLE profiles (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  created_at TIME NOT NULL,
  UNIQUE (organization_id, name)
);

CREATE TABLE users (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  email text NOT NULL,
  email_verified boolean NOT NULL,
  name text NOT NULL,
  admin boolean NOT NULL,
  profile_id text NOT NULL,
  created_at TIME NOT NULL
);
CREATE INDEX users_by_organization ON users (organization_id, email);
CREATE INDEX users_by_email ON users (email);
CREATE INDEX users_by_profile ON users (profile_id);

CREATE TABLE identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id text NOT NULL REFERENCES users (id),
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE sessions (
  hash text PRIMARY KEY,
  kind text NOT NULL,
  user_id text NOT NULL REFERENCES users (id),
  expires_at TIME NOT NULL,
  created_at TIME NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE tickets (
  hash text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id),
  purpose text NOT NULL,
  data text NOT NULL,
  expires_at TIME NOT NULL,
  used_at TIME
);
CREATE INDEX tickets_by_end ON tickets (expires_at);

CREATE TABLE attempts (
  state_hash text PRIMARY KEY,
  purpose text NOT NULL,
  organization_id text NOT NULL,
  user_id text NOT NULL,
  session_hash text NOT NULL,
  side text NOT NULL,
  provider text NOT NULL,
  return_to text NOT NULL,
  secret BYTES,
  expires_at TIME NOT NULL,
  used_at TIME
);
CREATE INDEX attempts_by_end ON attempts (expires_at);

-- lease_owner and lease_until guard the refresh of a token: see refresh.go.
CREATE TABLE connections (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  user_id text NOT NULL REFERENCES users (id),
  side text NOT NULL,
  provider text NOT NULL,
  method text NOT NULL,
  base_url text NOT NULL,
  account_id text NOT NULL,
  account_name text NOT NULL,
  account_email text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  secret BYTES,
  expires TIME NOT NULL,
  connected_at TIME NOT NULL,
  disconnected_at TIME,
  created_at TIME NOT NULL,
  updated_at TIME NOT NULL,
  lease_owner text NOT NULL DEFAULT '',
  lease_until TIME
);
CREATE UNIQUE INDEX connections_in_use ON connections (user_id, side) WHERE state <> 'disconnected';
CREATE INDEX connections_by_user ON connections (user_id, side);
CREATE INDEX connections_by_end ON connections (disconnected_at);

CREATE TABLE pairs (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  user_id text NOT NULL REFERENCES users (id),
  left_id text NOT NULL REFERENCES connections (id),
  right_id text NOT NULL REFERENCES connections (id),
  entity text NOT NULL,
  fence bigint NOT NULL,
  run_id text NOT NULL,
  beat TIME,
  dirty boolean NOT NULL,
  auto boolean NOT NULL,
  next_at TIME,
  left_cursor BYTES,
  right_cursor BYTES,
  first_done boolean NOT NULL,
  settings_key text NOT NULL,
  left_size bigint NOT NULL,
  right_size bigint NOT NULL,
  swept_at TIME,
  created_at TIME NOT NULL,
  UNIQUE (user_id, left_id, right_id, entity)
);
CREATE INDEX pairs_by_next ON pairs (next_at);
CREATE INDEX pairs_dirty ON pairs (id) WHERE dirty;
CREATE INDEX pairs_by_beat ON pairs (beat);
CREATE INDEX pairs_by_left ON pairs (left_id);
CREATE INDEX pairs_by_right ON pairs (right_id);

CREATE TABLE links (
  id text PRIMARY KEY,
  pair_id text NOT NULL,
  left_id text NOT NULL,
  right_id text NOT NULL,
  left_version text NOT NULL,
  right_version text NOT NULL,
  left_base BYTES,
  right_base BYTES,
  created_side bigint NOT NULL,
  edited boolean NOT NULL,
  state bigint NOT NULL,
  marker text NOT NULL,
  writes bigint NOT NULL,
  updated_at TIME NOT NULL
);
CREATE INDEX links_by_pair ON links (pair_id, id);
CREATE INDEX links_by_left ON links (pair_id, left_id);
CREATE INDEX links_by_right ON links (pair_id, right_id);
CREATE INDEX links_by_state ON links (pair_id, state);

-- A reset keeps the old links for Undo reset. Their sealed columns are copied
-- as they are, so they keep the place they were sealed for: the table links.
CREATE TABLE resets (
  id text PRIMARY KEY,
  pair_id text NOT NULL,
  first_done boolean NOT NULL,
  settings_key text NOT NULL,
  created_at TIME NOT NULL
);
CREATE INDEX resets_by_pair ON resets (pair_id, created_at);
CREATE INDEX resets_by_time ON resets (created_at);

CREATE TABLE archived_links (
  reset_id text NOT NULL,
  id text NOT NULL,
  pair_id text NOT NULL,
  left_id text NOT NULL,
  right_id text NOT NULL,
  left_version text NOT NULL,
  right_version text NOT NULL,
  left_base BYTES,
  right_base BYTES,
  created_side bigint NOT NULL,
  edited boolean NOT NULL,
  state bigint NOT NULL,
  marker text NOT NULL,
  writes bigint NOT NULL,
  updated_at TIME NOT NULL,
  PRIMARY KEY (reset_id, id)
);

CREATE TABLE seen (
  connection_id text NOT NULL,
  entity text NOT NULL,
  record_id text NOT NULL,
  version text NOT NULL,
  PRIMARY KEY (connection_id, entity, record_id)
) COMPACT;

CREATE TABLE blind_keys (
  connection_id text NOT NULL,
  entity text NOT NULL,
  mac BYTES NOT NULL,
  record_id text NOT NULL,
  PRIMARY KEY (connection_id, entity, mac, record_id)
) COMPACT;
CREATE INDEX blind_keys_by_record ON blind_keys (connection_id, entity, record_id);

CREATE TABLE intents (
  id text PRIMARY KEY,
  pair_id text NOT NULL,
  run_id text NOT NULL,
  side bigint NOT NULL,
  op bigint NOT NULL,
  link_id text NOT NULL,
  source_id text NOT NULL,
  target_id text NOT NULL,
  marker text NOT NULL,
  version text NOT NULL,
  detail BYTES,
  misses bigint NOT NULL,
  created_at TIME NOT NULL
);
CREATE INDEX intents_by_pair ON intents (pair_id, created_at, id);

CREATE TABLE claims (
  organization_id text NOT NULL,
  crm text NOT NULL,
  entity text NOT NULL,
  key text NOT NULL,
  user_id text NOT NULL,
  intent_id text NOT NULL,
  record_id text NOT NULL,
  created_at TIME NOT NULL,
  PRIMARY KEY (organization_id, key, crm, entity)
);
CREATE INDEX claims_by_intent ON claims (intent_id, organization_id);

CREATE TABLE runs (
  id text PRIMARY KEY,
  organization_id text NOT NULL,
  pair_id text NOT NULL,
  user_id text NOT NULL,
  kind text NOT NULL,
  "trigger" text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  confirmed boolean NOT NULL,
  sweep boolean NOT NULL,
  task BYTES,
  report BYTES,
  done bigint NOT NULL,
  total bigint NOT NULL,
  phase text NOT NULL,
  created_at TIME NOT NULL,
  started_at TIME,
  finished_at TIME
);
CREATE INDEX runs_by_user ON runs (user_id, created_at, id);
CREATE INDEX runs_by_pair ON runs (pair_id, created_at, id);
CREATE INDEX runs_waiting ON runs (pair_id, created_at, id) WHERE state = 'queued';

CREATE TABLE items (
  id text PRIMARY KEY,
  run_id text NOT NULL,
  pair_id text NOT NULL,
  link_id text NOT NULL,
  kind text NOT NULL,
  side text NOT NULL,
  left_id text NOT NULL,
  right_id text NOT NULL,
  reason text NOT NULL,
  detail BYTES,
  resolved TIME,
  created_at TIME NOT NULL
);
CREATE INDEX items_by_run ON items (run_id, created_at, id);
CREATE INDEX items_by_pair ON items (pair_id, kind, created_at, id);
CREATE INDEX items_by_time ON items (created_at);

CREATE TABLE settings (
  layer text NOT NULL,
  owner text NOT NULL,
  name text NOT NULL,
  value text NOT NULL,
  locked boolean NOT NULL,
  PRIMARY KEY (layer, owner, name)
);
