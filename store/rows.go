package store

import "time"

// Organization is an Entra tenant, else one per OIDC issuer.
type Organization struct {
	ID        string `gorm:"primaryKey"`
	Issuer    string
	Tenant    string
	Name      string
	CreatedAt time.Time
}

// User is a person of one organization.
type User struct {
	ID             string `gorm:"primaryKey"`
	OrganizationID string
	Email          string // lower case
	EmailVerified  bool
	Name           string
	Admin          bool
	ProfileID      string // the assigned sync profile, "" for none
	CreatedAt      time.Time
}

// Identity is one way in which a User signs in.
type Identity struct {
	Issuer  string `gorm:"primaryKey"`
	Subject string `gorm:"primaryKey"`
	UserID  string
}

// SessionKind tells the page's cookie from the sidebar's bearer token.
type SessionKind string

// The kinds of sessions and of one-time codes.
const (
	PageSession    SessionKind = "page"
	SidebarSession SessionKind = "sidebar"
)

// Session is a signed-in browser. Only the hash of its secret is kept.
type Session struct {
	Hash      string `gorm:"primaryKey"`
	Kind      SessionKind
	UserID    string
	ExpiresAt time.Time
	CreatedAt time.Time
}

// Ticket is a secret that works once: the hand-over from the sidebar to the
// tab, the dialog's one-time code. Only its hash is kept.
type Ticket struct {
	Hash      string `gorm:"primaryKey"`
	UserID    string
	Purpose   string
	Data      string
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// Attempt is a redirect under way: a sign-in or an OAuth connect. Only the
// hash of its state is kept; Secret (verifier, nonce, typed values) is sealed.
type Attempt struct {
	StateHash      string `gorm:"primaryKey"`
	Purpose        string // "sign-in" or "connect"
	OrganizationID string
	UserID         string // connect: who began it
	SessionHash    string // the browser that began it
	Side, Provider string
	ReturnTo       string
	Secret         []byte // sealed by the store
	ExpiresAt      time.Time
	UsedAt         *time.Time
}

// ConnectionState is where a Connection stands.
type ConnectionState string

// The states of a Connection.
const (
	StateConnected    ConnectionState = "connected"
	StateReconnect    ConnectionState = "reconnect" // "Reconnect needed"
	StateDisconnected ConnectionState = "disconnected"
)

// Connection is one user's account at one provider.
type Connection struct {
	ID             string `gorm:"primaryKey"`
	OrganizationID string
	UserID         string
	Side           string // "crm" or "contacts"
	Provider       string
	Method         string // "form" or "oauth"
	BaseURL        string
	AccountID      string
	AccountName    string
	AccountEmail   string
	State          ConnectionState
	// Reason is the sentence shown with StateReconnect.
	Reason string
	// Secret holds the form's values and tokens as JSON. Sealed by the store,
	// bound to organization, row and column; nil once disconnected.
	Secret []byte
	// Expires is when the access token ends; zero for none.
	Expires        time.Time
	ConnectedAt    time.Time
	DisconnectedAt *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Pair is one user's two Connections for one CRM entity: what a run works on.
type Pair struct {
	ID             string `gorm:"primaryKey"`
	OrganizationID string
	UserID         string
	LeftID         string // Connection of the CRM
	RightID        string // Connection of the contacts server
	Entity         string
	// Fence is raised by every run that takes the pair; every commit of a run
	// checks it. Beat is the running run's last sign of life.
	Fence int64
	RunID string
	Beat  *time.Time
	// Dirty remembers a click or a notification during a run.
	Dirty bool
	// Auto: "Enable automatic contacts sync". NextAt is when it runs next.
	Auto   bool
	NextAt *time.Time
	// Cursors, and the settings they were made under. FirstDone is false until
	// a first run has succeeded.
	LeftCursor, RightCursor []byte
	FirstDone               bool
	SettingsKey             string
	// Sizes of the last complete listings, -1 for none, and the last sweep.
	LeftSize, RightSize int
	SweptAt             *time.Time
	CreatedAt           time.Time
}

// Link is the durable pair of two records.
type Link struct {
	ID                        string `gorm:"primaryKey"`
	PairID                    string
	LeftID                    string
	RightID                   string
	LeftVersion, RightVersion string
	// Bases as the engine encodes them. Sealed by the store.
	LeftBase, RightBase []byte
	CreatedSide         int8 // -1 none, 0 left, 1 right
	Edited              bool
	State               uint8 // plan.LinkState
	Marker              string
	// Writes counts runs in a row that wrote this pair without a person's edit.
	Writes    int
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// Key is one normalised text by which a record may be recognised. It reaches
// the database only as an HMAC, keyed per connection.
type Key struct{ Kind, Text string }

// Seen is one record ever listed at a Connection, linked or not.
type Seen struct {
	ConnectionID string
	Entity       string
	RecordID     string
	Version      string
	// Keys replace the record's blind keys; nil leaves them as they are.
	Keys []Key
}

// Intent is a write that was decided and is noted before it is sent.
type Intent struct {
	ID       string `gorm:"primaryKey"`
	PairID   string
	RunID    string
	Side     uint8  // plan.Side that is written
	Op       uint8  // contact.Op
	LinkID   string // "" for a create
	SourceID string // record on the other side
	TargetID string // record written; "" for a create
	Marker   string
	Version  string // the version the write depends on
	// Detail is the engine's encoding of the Op: fields sent, bases, before-
	// image. Sealed by the store.
	Detail []byte
	// Misses counts the times recovery looked for it in vain since FirstMiss.
	Misses    int
	CreatedAt time.Time
}

// Claim is the organization-wide note that somebody is creating this person in
// the CRM. Its key is an HMAC of the normalised e-mail, else of the match key.
type Claim struct {
	OrganizationID string `gorm:"primaryKey"`
	CRM            string `gorm:"primaryKey"` // provider and base URL
	Entity         string `gorm:"primaryKey"`
	Key            string `gorm:"primaryKey"` // given in the clear, kept as an HMAC
	UserID         string
	IntentID       string
	// RecordID is the CRM's record once it exists: others link to it. A claim
	// with a RecordID that is older than ClaimAge is replaced by the next one.
	RecordID  string
	CreatedAt time.Time
	// ForIntent is set in answers of Reserve: the intent that did not get it.
	ForIntent string `gorm:"-"`
}

// ClaimAge is how long a settled claim tells others where the record is. After
// that everybody's own listing shows it.
const ClaimAge = time.Hour

// RunKind is what a Run does.
type RunKind string

// The kinds of Run.
const (
	RunPreview RunKind = "preview"
	RunSync    RunKind = "sync"
	RunReset   RunKind = "reset"
	RunUndo    RunKind = "undo"
)

// RunState is where a Run stands. The words are those of the JSON report.
type RunState string

// The states of a Run.
const (
	RunQueued    RunState = "queued"
	RunRunning   RunState = "running"
	RunPlanned   RunState = "planned"
	RunSucceeded RunState = "succeeded"
	RunHalted    RunState = "halted"
	RunFailed    RunState = "failed"
)

// Run is one execution with its report.
type Run struct {
	ID             string `gorm:"primaryKey"`
	OrganizationID string
	PairID         string
	UserID         string
	Kind           RunKind
	Trigger        string // "manual", "automatic", "command"
	State          RunState
	Reason         string // a sentence for people
	Confirmed      bool
	// Sweep: "Check for deletions now".
	Sweep bool
	// Task is what an undo is about, as the engine encodes it: IDs, no contact data.
	Task []byte
	// Report is the JSON report: counts only, no contact data.
	Report []byte
	// Done and Total show progress; Phase is a word ("reading", "writing").
	Done, Total int
	Phase       string
	CreatedAt   time.Time
	StartedAt   *time.Time
	FinishedAt  *time.Time
}

// Item is one line of a Run's report: what was done to one contact, or a
// conflict, difference, exclusion or review. Detail is sealed by the store and
// holds names, both values and before-images.
type Item struct {
	ID       string `gorm:"primaryKey"`
	RunID    string
	PairID   string
	LinkID   string
	Kind     string // created, updated, deleted, linked, conflict, difference, excluded, review, overflow, failed
	Side     string // left, right, or ""
	LeftID   string
	RightID  string
	Reason   string
	Detail   []byte
	Resolved *time.Time
	// CreatedAt orders the lines; they are erased after 30 days.
	CreatedAt time.Time
}

// Profile is a named sync profile of an organization.
type Profile struct {
	ID             string `gorm:"primaryKey"`
	OrganizationID string
	Name           string
	CreatedAt      time.Time
}

// Setting is one stored value of one layer. Owner is the organization's,
// profile's or user's ID.
type Setting struct {
	Layer  Layer  `gorm:"primaryKey"`
	Owner  string `gorm:"primaryKey"`
	Name   string `gorm:"primaryKey"`
	Value  string
	Locked bool
}
