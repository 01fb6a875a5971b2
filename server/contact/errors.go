package contact

import (
	"errors"
	"time"
)

// The closed vocabulary of trouble with a connection as a whole. Adapters wrap
// these with Error; nobody above an adapter inspects anything else.
var (
	ErrCursorExpired = errors.New("the place in the list of changes is no longer known")
	ErrReconnect     = errors.New("the sign-in is no longer valid")
	ErrAdminNeeded   = errors.New("an administrator has to allow this")
	ErrNotLicensed   = errors.New("this edition has no such access")
	ErrQuota         = errors.New("the provider's request limit is used up")
	ErrBaseURL       = errors.New("the address does not lead to this product")
	ErrUnreachable   = errors.New("the server cannot be reached")
	ErrCertificate   = errors.New("the server's certificate is not valid")
	ErrBlocked       = errors.New("the address is not allowed")
	ErrForbidden     = errors.New("the account may not do this")
	ErrProtocol      = errors.New("the server's answer could not be understood")
	ErrUnavailable   = errors.New("the server is failing at the moment")
)

// Error is trouble with a connection, translated once at the adapter's wall.
// Message is a sentence for the user: what happened and what to do. It holds
// no secret and no contact data. Cause is for the log alone.
type Error struct {
	Kind    error  // one of this package's Err values
	Message string // for the user
	Field   string // the form field it belongs to ("url", "username", "password"), or ""
	RetryAt time.Time
	Cause   error
}

// Error gives the user's sentence, never the cause.
func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return e.Kind.Error()
}

// Is makes errors.Is(err, ErrReconnect) work.
func (e *Error) Is(target error) bool { return target == e.Kind }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }
