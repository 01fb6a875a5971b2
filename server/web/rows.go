package web

import (
	"context"
	"errors"
	"strings"

	"tandem/server/contact"
	"tandem/server/engine"
	"tandem/server/engine/plan"
	"tandem/store"
	"tandem/views"
)

// sideNames are the names of the pair's two providers.
func (w *Web) sideNames(ctx context.Context, u store.User, p store.Pair) ([2]string, error) {
	names := [2]string{"CRM", "Contacts server"}
	for i, id := range []string{p.LeftID, p.RightID} {
		conn, err := w.Store.ConnectionOf(ctx, u.ID, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return names, err
		}
		names[i] = w.providerName(conn)
	}
	return names, nil
}

// row is one line of a run's report as people read it; would is set where
// nothing was written.
func row(item store.Item, names [2]string, would bool) (views.Row, error) {
	d, err := engine.DecodeDetail(item.Detail)
	if err != nil {
		return views.Row{}, err
	}
	r := views.Row{ID: item.ID, Kind: item.Kind, Name: d.Name, Reason: because(item, names)}
	if r.Name == "" {
		r.Name = "(no name)"
	}
	for _, k := range kindLabels {
		if k.kind == item.Kind {
			if r.Kind, r.Tone = k.badge, k.tone; would && k.would != "" {
				r.Kind = k.would
			}
		}
	}
	switch item.Side {
	case "left":
		r.Where = "in " + names[0]
	case "right":
		r.Where = "in " + names[1]
	}
	for _, ch := range d.Changes {
		r.Changes = append(r.Changes, views.Change{Field: label(ch.Field), Before: text(ch.Before), After: text(ch.After)})
	}
	if item.Kind == "conflict" || item.Kind == "difference" || item.Kind == "overflow" {
		r.Both = append(r.Both, views.Both{Field: label(d.Field), Left: text(d.Left), Right: text(d.Right), Winner: d.Winner})
	}
	for _, id := range d.Candidates {
		r.Candidates = append(r.Candidates, views.Option{Value: string(id), Label: string(id)})
	}
	if item.Resolved != nil {
		r.Resolved = "Settled"
	}
	if !would {
		r.Acts = acts(item, d.Winner)
	}
	return r, nil
}

// because is the reason of a line as people read it.
func because(item store.Item, names [2]string) string {
	other := names[1]
	if item.Side == "right" {
		other = names[0]
	}
	switch plan.Reason(item.Reason) {
	case plan.ReasonNew, plan.ReasonEdited:
		return "" // the badge says it
	case plan.ReasonDirection:
		return "Not created in " + other + ": the Sync direction does not write there."
	}
	return sentence(item.Reason)
}

// label is a field's name as people read it.
func label(name string) string {
	if f, ok := contact.ParseField(name); ok {
		return f.Label()
	}
	return name
}

// text is a value as people read it.
func text(v contact.Value) string {
	var parts []string
	for _, s := range v {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, strings.ReplaceAll(s, "\n", ", "))
		}
	}
	return strings.Join(parts, ", ")
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
