// Package enginetest puts the engine into worlds where everything that can go
// wrong does go wrong, at a place and in a way that the test chooses.
//
// A World is one CRM, the address books of its users, a ledger and a clock. What
// people type goes through the World, which remembers every value; a Wire
// between the engine and its Books and ledger numbers each point at which a run
// touches them and lets a Fault strike there. After the faults clean runs
// follow, and then the World is asked whether the engine kept its promises:
//
//   - each person is there once on each side;
//   - each value that a person typed is there, was typed over by a person, or
//     stands in the list of conflicts and differences;
//   - the source of a one-way sync was never written;
//   - nothing was deleted that no person deleted;
//   - a further run writes nothing, and no intent is left.
//
// On every run the tests draw a sample under a printed seed; TANDEM_SEED repeats
// it, TANDEM_CELL plays the one cell of that name, and TANDEM_NIGHTLY=1 plays all
// of them.
//
// The same scenarios run on Ledger, which is in memory, and on the real store.
package enginetest
