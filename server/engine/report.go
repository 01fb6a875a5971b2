package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// Report is the JSON report of a preview and of a sync: counts only, no
// contact data.
type Report struct {
	State  store.RunState `json:"state"`
	Reason string         `json:"reason,omitempty"`
	// Halt is the plan's reason to wait for a person, "" where it did not.
	Halt  string     `json:"halt,omitempty"`
	Left  SideReport `json:"left"`
	Right SideReport `json:"right"`
	// Linked counts the pairs that were found on both sides, or again after an
	// interruption; a created record is linked too and counts as created.
	Linked     int     `json:"linked"`
	Conflicts  int     `json:"conflicts"`
	Difference int     `json:"differences"`
	Review     int     `json:"review"`
	Excluded   int     `json:"excluded"`
	Failed     int     `json:"failed"`
	Seconds    float64 `json:"seconds"`
}

// SideReport counts what was done (or, in a preview, would be done) on one
// side, and the requests it took.
type SideReport struct {
	Created   int   `json:"created"`
	Updated   int   `json:"updated"`
	Deleted   int   `json:"deleted"`
	Unchanged int   `json:"unchanged"`
	Requests  int64 `json:"requests"`
}

// JSON is the report as it is stored and printed.
func (r Report) JSON() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of numbers and texts always marshals
	}
	return b
}

// Counts are the report's figures as a plan counts them.
func (r Report) Counts() *[2]plan.Count {
	of := func(s SideReport) plan.Count {
		return plan.Count{Created: s.Created, Updated: s.Updated, Deleted: s.Deleted, Unchanged: s.Unchanged}
	}
	return &[2]plan.Count{of(r.Left), of(r.Right)}
}

// ParseReport reads what JSON wrote.
func ParseReport(data []byte) (Report, error) {
	var r Report
	if len(data) == 0 {
		return r, nil
	}
	return r, json.Unmarshal(data, &r)
}

func (r *Report) side(s plan.Side) *SideReport {
	if s == plan.Left {
		return &r.Left
	}
	return &r.Right
}

// count takes over what the plan says about records that stay as they are.
// What is written is counted when it has been written; a preview and a halted
// run count what they would write.
func (r *run) count(p plan.Plan) {
	for s := range p.Count {
		side := r.report.side(plan.Side(s))
		side.Unchanged = p.Count[s].Unchanged
		if r.row.Kind == store.RunPreview || p.Halt != "" {
			side.Created, side.Updated, side.Deleted = p.Count[s].Created, p.Count[s].Updated, p.Count[s].Deleted
		}
	}
	if r.row.Kind == store.RunPreview || p.Halt != "" {
		r.report.Linked = p.Linked
	}
	r.report.Halt = string(p.Halt)
	if r.row.Kind == store.RunPreview && p.Halt != "" {
		r.report.Reason = sentence(p)
	}
}

// sentence says why a plan waits for a person, and what to do.
func sentence(p plan.Plan) string {
	if p.Detail == "" {
		return string(p.Halt)
	}
	return p.Detail
}

// explain is the sentence for people about an error that ended a run.
func explain(err error) string {
	// What a Book says of a request that was given up is no fault of its provider.
	if errors.Is(err, errStopped) {
		return "The run was stopped before it was done. Nothing is lost: the next run goes on from here."
	}
	var known *contact.Error
	if errors.As(err, &known) {
		return known.Error()
	}
	return "Something went wrong on our side. Nothing is lost: the next run tries again."
}

var errStopped = errors.New("engine: the run was told to stop")

// sideError says which side an error comes from.
func sideError(s plan.Side, what string, err error) error {
	return fmt.Errorf("engine: %s: %s: %w", s, what, err)
}
