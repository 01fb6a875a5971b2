package carddav

// BadToken is what the server answers to a sync token that it does not know.
type BadToken int

// The answers to an unknown sync token.
const (
	TokenForbidden   BadToken = iota // 403 with DAV:valid-sync-token, as RFC 6578 says
	TokenConflict                    // 409 with DAV:valid-sync-token
	TokenError                       // 500, as Xandikos
	TokenFullListing                 // 207 with everything there is
)

// Quirks are the misbehaviours of real servers. The zero value has none. The
// functions among them must not call the server.
type Quirks struct {
	// NoETagOnPut leaves out the ETag of the answer to PUT.
	NoETagOnPut bool
	// WeakETag writes ETags as W/"…", UnquotedETag without quotes.
	WeakETag, UnquotedETag bool
	// AlterOnPut adds REV and sorts the properties of a card that is stored.
	// An honest server has NoETagOnPut as well (RFC 6352 section 6.3.2.3).
	AlterOnPut bool
	// ReassignUID gives a new card a UID of the server's own, as Google does.
	ReassignUID bool
	// RenameOnPut stores a new card under a name of the server's own and
	// tells it in Location.
	RenameOnPut bool
	// IgnoreIfMatch writes and deletes whatever If-Match says.
	IgnoreIfMatch bool
	// DuplicateUID accepts a second card with the same UID, as Xandikos.
	DuplicateUID bool
	// PageSize truncates sync-collection with 507 after that many changes. 0
	// truncates only where the client sets a limit.
	PageSize int
	// BadToken is the answer to an unknown sync token.
	BadToken BadToken
	// NoSync takes sync-collection and sync tokens away.
	NoSync bool
	// NoEmptyToken answers 400 to sync-collection without a token, as Google.
	NoEmptyToken bool
	// DepthOne gives an empty answer to sync-collection unless Depth is 1.
	DepthOne bool
	// NoWellKnown answers 404 for the well-known address.
	NoWellKnown bool
	// AbsoluteHrefs is put before every href, for example "https://p01.test:443".
	AbsoluteHrefs string
	// Forbid refuses to store, with 403, a card for which it is true.
	Forbid func(card string) bool
	// Unreadable answers 403 in place of a card for which it is true, by
	// multiget and GET.
	Unreadable func(card string) bool
	// OmitMissing leaves cards that do not exist out of a multiget's answer.
	OmitMissing bool
	// Groups lists a group card, as iCloud keeps them, in every address book.
	Groups bool
}

// groupName and groupCard are what Quirks.Groups adds to every book.
const (
	groupName = "3a8f0f3c-group.vcf"
	groupCard = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:3a8f0f3c-group\r\nN:Friends\r\nFN:Friends\r\n" +
		"X-ADDRESSBOOKSERVER-KIND:group\r\nEND:VCARD\r\n"
)
