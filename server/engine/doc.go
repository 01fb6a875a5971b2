// Package engine carries out a run: detect, pair, plan, guard, do, record. It
// knows Books and the store, no provider and no HTTP.
package engine
