package engine

import (
	"encoding/json"
	"fmt"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// encodeBase writes a base as JSON with the fields' stable names.
func encodeBase(b plan.Base) []byte {
	m := make(map[string]contact.Value, len(b))
	for f, v := range b {
		m[f.String()] = v
	}
	return marshal(m)
}

// decodeBase reads what encodeBase wrote. Fields of a later release are left
// out: unknown, not empty.
func decodeBase(data []byte) (plan.Base, error) {
	if len(data) == 0 {
		return plan.Base{}, nil
	}
	var m map[string]contact.Value
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("engine: a stored base cannot be read: %w", err)
	}
	b := make(plan.Base, len(m))
	for name, v := range m {
		if f, ok := contact.ParseField(name); ok {
			b[f] = v
		}
	}
	return b, nil
}

// toPlan gives the planner's view of a stored link.
func toPlan(l store.Link) (plan.Link, error) {
	left, err := decodeBase(l.LeftBase)
	if err != nil {
		return plan.Link{}, err
	}
	right, err := decodeBase(l.RightBase)
	if err != nil {
		return plan.Link{}, err
	}
	return plan.Link{
		ID: l.ID, CreatedSide: l.CreatedSide, Edited: l.Edited, State: plan.LinkState(l.State),
		Side: [2]plan.Half{
			{ID: contact.ID(l.LeftID), Version: contact.Version(l.LeftVersion), Base: left},
			{ID: contact.ID(l.RightID), Version: contact.Version(l.RightVersion), Base: right},
		},
	}, nil
}

// fromPlan gives the row of a link.
func (r *run) fromPlan(l plan.Link, marker string, writes int) store.Link {
	return store.Link{
		ID: l.ID, PairID: r.pair.ID, State: uint8(l.State), CreatedSide: l.CreatedSide, Edited: l.Edited,
		LeftID: string(l.Side[0].ID), RightID: string(l.Side[1].ID),
		LeftVersion: string(l.Side[0].Version), RightVersion: string(l.Side[1].Version),
		LeftBase: encodeBase(l.Side[0].Base), RightBase: encodeBase(l.Side[1].Base),
		Marker: marker, Writes: writes, UpdatedAt: r.Now(),
	}
}

// intentDetail is what recovery needs to finish a create whose answer was lost.
type intentDetail struct {
	Name    string                   `json:"name"`
	Emails  []string                 `json:"emails,omitempty"`
	Phone   string                   `json:"phone,omitempty"`
	Version contact.Version          `json:"version"` // of the source
	Source  json.RawMessage          `json:"source"`  // base of the source side
	Target  json.RawMessage          `json:"target"`  // base of the written side
	Sent    map[string]contact.Value `json:"sent"`
	Before  map[string]contact.Value `json:"before,omitempty"`
}

// Change is one line of what a run did to a contact.
type Change struct {
	Field  string        `json:"field"`
	Before contact.Value `json:"before,omitempty"`
	After  contact.Value `json:"after,omitempty"`
}

// Detail is the sealed part of an Item: for people, and for undo.
type Detail struct {
	Name    string   `json:"name"`
	Changes []Change `json:"changes,omitempty"`
	// Before is the written record as it was: the before-image.
	Before map[string]contact.Value `json:"before,omitempty"`
	// Left and Right are both values of a conflict, difference or overflow.
	Field       string        `json:"field,omitempty"`
	Left, Right contact.Value `json:",omitempty"`
	Winner      string        `json:"winner,omitempty"`
	Candidates  []contact.ID  `json:"candidates,omitempty"`
}

// DecodeDetail reads the Detail of an Item.
func DecodeDetail(data []byte) (Detail, error) {
	var d Detail
	if len(data) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("engine: a stored detail cannot be read: %w", err)
	}
	return d, nil
}

// values names the filled fields of c within fs.
func values(c contact.Contact, fs contact.Fields) map[string]contact.Value {
	m := map[string]contact.Value{}
	for f := range fs.All() {
		if v := c.Value(f); !v.IsEmpty() {
			m[f.String()] = v
		}
	}
	return m
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and lists of texts always marshal
	}
	return b
}
