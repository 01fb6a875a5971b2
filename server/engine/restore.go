package engine

import (
	"fmt"
	"maps"
	"strings"

	"tandem/server/contact"
	"tandem/server/engine/plan"
	"tandem/store"
)

// HaltUndo is the reason for which an undo waits for a person.
const HaltUndo plan.Halt = "an undo is shown before it is carried out"

func undoSentence(p plan.Plan) string {
	n := [3]int{}
	for _, c := range p.Count {
		n[0], n[1], n[2] = n[0]+c.Created, n[1]+c.Updated, n[2]+c.Deleted
	}
	if n[0]+n[1]+n[2] == 0 {
		return "There is nothing left to take back: what the run did was edited since, or is undone already."
	}
	var parts []string
	for i, text := range []string{"bring %d deleted contacts back", "give %d contacts their former values", "remove %d contacts that the run created"} {
		if n[i] > 0 {
			parts = append(parts, fmt.Sprintf(text, n[i]))
		}
	}
	return "Taking this run back would " + strings.Join(parts, ", ") + ". What was edited since stays as it is."
}

// restoreOps lets one side's value of a conflict or difference stand on both.
// A side that the direction does not write keeps its own value, and each side's
// value becomes its base, so that only the next edit travels.
func (r *run) restoreOps(item store.Item, link plan.Link, linked bool) ([]plan.Op, error) {
	d, err := DecodeDetail(item.Detail)
	if err != nil || !linked {
		return nil, err
	}
	f, ok := contact.ParseField(d.Field)
	if !ok {
		return nil, nil
	}
	value := d.Left
	if r.req.Undo.Task.Take == plan.Right.String() {
		value = d.Right
	}
	var ops []plan.Op
	for _, s := range []plan.Side{plan.Left, plan.Right} {
		rec, there := r.lists[s].records[link.Side[s].ID]
		if !there || r.settings.Norm.Equal(f, rec.Contact.Value(f), value) || !r.settings.Direction.Writes(s) || !r.desc[s].Writable.Has(f) {
			continue
		}
		ops = append(ops, r.rewrite(s, link, rec, rec.Contact.Set(f, value), contact.FieldsOf(f), d.Name, reasonRestore))
	}
	// Both bases say what each side holds once this is done.
	agreed := link.Side
	for s := range agreed {
		agreed[s].Base = maps.Clone(agreed[s].Base)
		rec, there := r.lists[s].records[agreed[s].ID]
		switch {
		case !there:
		case writes(ops, plan.Side(s)):
			agreed[s].Base[f] = r.book[s].Project(rec.Contact.Set(f, value)).Value(f)
		default:
			agreed[s].Base[f] = rec.Contact.Value(f)
		}
	}
	for i := range ops {
		for s := range agreed {
			if _, own := ops[i].Half[s].Base[f]; own || plan.Side(s) != ops[i].Side {
				ops[i].Half[s].Base = maps.Clone(ops[i].Half[s].Base)
				if plan.Side(s) == ops[i].Side || !writes(ops[i+1:], plan.Side(s)) {
					ops[i].Half[s].Base[f] = agreed[s].Base[f]
				}
			}
		}
	}
	return ops, nil
}

func writes(ops []plan.Op, s plan.Side) bool {
	for _, op := range ops {
		if op.Side == s {
			return true
		}
	}
	return false
}
