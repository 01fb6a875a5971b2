package engine

import (
	"encoding/json"
	"fmt"

	"tandem/server/engine/plan"
	"tandem/store"
)

// Task is what a run is about beyond its kind: for an undo the lines of earlier
// reports and what is to be done about them, for a Yes what was shown.
type Task struct {
	// Shown are the counts that the person saw who said Yes; nil is no bound.
	Shown *[2]plan.Count `json:"shown,omitempty"`

	// Run is the run whose lines are taken back, all of them; "" for Items.
	Run string `json:"run,omitempty"`
	// Items are lines of conflicts and differences; Take says whose value is to
	// stand: "left" (the CRM's) or "right" (mine).
	Items []string `json:"items,omitempty"`
	Take  string   `json:"take,omitempty"`
}

// Encode is the task as a Run keeps it.
func (t Task) Encode() []byte { return marshal(t) }

// DecodeTask reads what Encode wrote.
func DecodeTask(data []byte) (t Task, err error) {
	if len(data) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("engine: a stored task cannot be read: %w", err)
	}
	return t, nil
}

// Undo is what a request of the kind undo carries: the task and its lines.
type Undo struct {
	Task  Task
	Items []store.Item
}
