package store

// Batch is what one step of a run changes, committed in one transaction under
// the run's fence.
type Batch struct {
	Links       []Link // stored or replaced by ID
	DropLinks   []string
	DropIntents []string
	Intents     []Intent // replaced by ID (Misses)
	// Settle gives the claims of an intent the CRM's record; DropClaims lets
	// the claims of intents go.
	Settle     map[string]string // intent ID -> CRM record ID
	DropClaims []string          // intent IDs
	Seen       []SeenBatch
	Items      []Item
}

// SeenBatch changes what is known of one connection's records.
type SeenBatch struct {
	ConnectionID, Entity string
	Put                  []Seen
	Drop                 []string // record IDs
}
