package store

import "errors"

// The errors of the store.
var (
	ErrNotFound = errors.New("store: not found")
	ErrExists   = errors.New("store: exists already")
	// ErrFenced: another run has taken the pair; nothing was changed.
	ErrFenced = errors.New("store: the run lost its pair to another one")
	// ErrBusy: a run of the pair is under way; it was marked dirty.
	ErrBusy = errors.New("store: a run of this pair is under way")
)
